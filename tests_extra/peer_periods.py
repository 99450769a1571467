"""What PyPI's dhis2-client makes of periods: reads questions as JSON from stdin, prints its answers as JSON."""

import json
import sys
from datetime import date

from dhis2_client.utils.calendar import latest_closed_period, next_period_id, period_start_end


def main() -> None:
    """Answer for each id its days and the next id, and for each type and day the latest period that is over."""
    asked = json.load(sys.stdin)
    bounds = {text: period_start_end(text) for text in asked["ids"]}
    closed = [latest_closed_period(type_, today=date.fromisoformat(day)) for type_, day in asked["closed"]]
    answers = {
        "bounds": {text: [found["startDate"], found["endDate"]] for text, found in bounds.items()},
        "next": {text: next_period_id(text) for text in asked["ids"]},
        "closed": [[found.startDate, found.endDate] for found in closed],
    }
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
