//! The page at `/`: what is in force now, refreshed from the stream. One file, nothing from
//! elsewhere; the policy lets only its own script and style run.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::base::Digest;

const PAGE: &str = include_str!("page.html");

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |tag: &str| {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        let inside = PAGE.split_once(&open).and_then(|p| p.1.split_once(&close)).map_or("", |p| p.0);
        format!("'sha256-{}'", base64(&Digest::of(inside.as_bytes()).0))
    };
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash("script"),
        hash("style")
    )
});

/// The page for people
#[utoipa::path(get, path = "/", responses((status = 200, body = String, content_type = "text/html")))]
pub(super) async fn get() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (header::CACHE_CONTROL, "no-cache"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, PAGE).into_response()
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        for i in 0..4 {
            let six = (word >> (18 - 6 * i)) & 63;
            text.push(if i <= three.len() { ALPHABET[six as usize] as char } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let given = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let wanted = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        assert_eq!(given.map(|g| base64(g.as_bytes())), wanted);
    }
    #[test]
    fn the_page_asks_nothing_of_anyone_else() {
        assert!(!PAGE.contains("//"), "no address of another host, and no comment that hides one");
        assert!(PAGE.matches("<script>").count() == 1 && PAGE.matches("<style>").count() == 1);
        assert!(!PAGE.contains("style=\"") && !PAGE.contains("onclick"), "the policy would refuse them");
    }
}
