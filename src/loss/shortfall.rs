//! Is the mean loss beyond VaR what expected shortfall said (Acerbi and Szekely 2014)?

/// `Z1 = 1 - mean over breaches of L / ES`: tests ES given VaR. Negative means that ES was too
/// low. A breach is a loss above its VaR. `None` without breaches.
pub fn z1(losses: &[f64], var: &[f64], es: &[f64]) -> Option<f64> {
    let ratios = losses.iter().zip(var).zip(es).filter(|((l, v), _)| l > v).map(|((l, _), e)| l / e);
    let (sum, count) = ratios.fold((0.0, 0), |(sum, count), r| (sum + r, count + 1));
    (count > 0).then(|| 1.0 - sum / f64::from(count))
}

/// `Z2 = 1 - sum over breaches of L / (n a ES)`: tests VaR and ES together at tail probability
/// `a`. Negative means that risk was understated; about -0.7 is the 5 % critical value at a =
/// 2.5 %, n = 250. `None` without observations.
pub fn z2(losses: &[f64], var: &[f64], es: &[f64], a: f64) -> Option<f64> {
    let beyond = losses.iter().zip(var).zip(es).filter(|((l, v), _)| l > v).map(|((l, _), e)| l / e);
    (!losses.is_empty()).then(|| 1.0 - beyond.sum::<f64>() / (losses.len() as f64 * a))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_losses_give_the_statistics_worked_by_hand() {
        let losses = [0.01, 0.05, -0.02, 0.03, 0.08, 0.0, 0.06, -0.01];
        let (var, es) = ([0.045; 8], [0.055; 8]);
        assert!((z1(&losses, &var, &es).unwrap() + 0.1515151515).abs() < 1e-10);
        assert!((z2(&losses, &var, &es, 0.25).unwrap() + 0.7272727273).abs() < 1e-10);
        assert_eq!(z1(&losses, &[1.0; 8], &es), None);
    }
}
