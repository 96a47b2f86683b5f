"""Judges documents by the JSON Schema of the language, with a validator of other people.

Reads one JSON object from standard input: `schema`, and `documents` as a list of objects with `name` and `document`. Prints one
JSON object per document: `name`, and `faults`, a list of what is wrong (empty when the schema accepts the document).
"""

import json
import sys

from jsonschema import Draft7Validator


def main() -> None:
    given = json.load(sys.stdin)
    Draft7Validator.check_schema(given["schema"])
    validator = Draft7Validator(given["schema"])
    for item in given["documents"]:
        faults = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(item["document"])]
        print(json.dumps({"name": item["name"], "faults": faults}))


if __name__ == "__main__":
    main()
