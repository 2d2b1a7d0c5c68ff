"""Holds scores files against the schema, and shows that the schema catches faults.

usage: python tests/browser/schema.py SCHEMA SCORES...
"""
import copy
import json
import pathlib
import sys

from jsonschema import Draft202012Validator


def main():
    schema = json.loads(pathlib.Path(sys.argv[1]).read_text())
    Draft202012Validator.check_schema(schema)
    check = Draft202012Validator(schema)
    for name in sys.argv[2:]:
        scores = json.loads(pathlib.Path(name).read_text())
        faults = [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in check.iter_errors(scores)]
        assert not faults, f"{name}:\n" + "\n".join(faults[:20])
        spoilt = []
        for change in (lambda s: s.pop("models"), lambda s: s.update(schema="other"), lambda s: s.update(extra=1),
                       lambda s: s["models"][0].update(qlike="low"), lambda s: s["meta"].pop("command")):
            other = copy.deepcopy(scores)
            change(other)
            spoilt.append(check.is_valid(other))
        assert not any(spoilt), f"the schema lets faults through: {spoilt}"
        print(f"{name}: valid, {len(scores['models'])} model rows, {len(scores['margins'])} margin rows")


if __name__ == "__main__":
    main()
