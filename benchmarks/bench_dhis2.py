"""Read a large DHIS2 server: our client, PyPI's dhis2-client, and the floor, as ratios of one run.

    python benchmarks/bench_dhis2.py                      # about 50,000 organisation units and 1,000,000 data values
    python benchmarks/bench_dhis2.py --scale 2            # a quick look
    python benchmarks/bench_dhis2.py --case "data values" # only that

Each reader is a process of its own, so that its peak of memory is its own too. Answers are rendered before the timing
starts (`replay.py`), so the sandbox's speed plays no part. The floor is one stream of the same data, read by httpx and
parsed by Polars: without checks, types, retries or pages.

The readers do not give the same. Ours give every object once although others write, or typed frames: numbers and
moments instead of text. dhis2-client gives the JSON as Python objects. "objects" is the same thing in both.
"""

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

DAY = date(2026, 7, 15)
REPEATS = 3
USER, PASSWORD = "admin", "district"
UNITS = "id,code,name,level,path,parent[id]"
FACILITIES = 4
# Immunisation of a month in nine of the thirteen districts: a million values when there are fifty thousand units.
FORM, FIRST, LAST = "BfMAe6Itzgt", date(2026, 6, 1), date(2026, 6, 30)
DISTRICTS = ["O6uvpzGd5pu", "PMa2VCrupOd", "TEQlaapDQoK", "Vth0fbpFcsO", "at6UHUQatSo", "bL4ooGhyHRQ", "eIQbndfxQMb",
             "fdc6uOvgoji", "jUb8gELQApl"]  # fmt: skip
VALUES = {"dataSet": FORM, "startDate": str(FIRST), "endDate": str(LAST), "orgUnit": DISTRICTS, "children": "true"}
ELEMENTS = ["I78gJm4KBo7", "O05mAByOgAv", "YtbsuPPo010", "fClA2Erf6IO", "n6aMJNLdvep", "pikOziyCXbM", "s46m5MS0hxu",
            "vI2csg55S9C", "x3Do5e7g4Qo"]  # fmt: skip
CHIEFDOMS = ["LEVEL-3"]
MONTHS = [f"{number // 12}{number % 12 + 1:02}" for number in range(2025 * 12 + 6, 2026 * 12 + 6)]


def client(url: str) -> Any:
    """Return our client."""
    from prefect_patterns.dhis2 import Dhis2Client

    return Dhis2Client(url, USER, PASSWORD)


def peer(url: str) -> Any:
    """Return dhis2-client's."""
    from dhis2_client import DHIS2Client

    return DHIS2Client(url, username=USER, password=PASSWORD, timeout=600)


def stream(url: str, path: str, params: Mapping[str, Any]) -> bytearray:
    """Return the body of one answer, read as a stream."""
    import httpx

    body = bytearray()
    with (
        httpx.Client(auth=(USER, PASSWORD), timeout=600) as http,
        http.stream("GET", url + path, params=params) as answer,
    ):
        for piece in answer.iter_raw():
            body += piece
    return body


def parsed(body: bytearray) -> Any:
    """Return the one array of *body* as a frame."""
    import polars as pl

    return pl.read_json(bytes(memoryview(body)[body.index(b":[") + 1 : body.rindex(b"]") + 1]))


def floor_units(url: str) -> int:
    """Read all units as one list."""
    return int(parsed(stream(url, "/api/organisationUnits", {"fields": UNITS, "paging": "false"})).height)


def our_unit_frame(url: str) -> int:
    """Read all units as a typed frame, from pages."""
    return int(client(url).frame("organisationUnits", UNITS).height)


def our_units(url: str) -> int:
    """Read all units as objects, from pages."""
    return len(client(url).fetch_metadata("organisationUnits", UNITS))


def our_units_of_500(url: str) -> int:
    """Read all units as objects, from pages of a given size."""
    return len(client(url).fetch_metadata("organisationUnits", UNITS, page_size=500))


def peer_units_of_500(url: str) -> int:
    """Read all units with the peer, with the same page size."""
    return len(peer(url).fetch_all("/api/organisationUnits", params={"fields": UNITS}, page_size=500))


def peer_units_of_6000(url: str) -> int:
    """Read all units with the peer, with the page size that our client finds out."""
    return len(peer(url).fetch_all("/api/organisationUnits", params={"fields": UNITS}, page_size=6_000))


def peer_units(url: str) -> int:
    """Read all units with the peer's defaults: pages of 50."""
    return len(peer(url).fetch_all("/api/organisationUnits", params={"fields": UNITS}))


def floor_values(url: str) -> int:
    """Read the values of one form as they are."""
    return int(parsed(stream(url, "/api/dataValueSets.json", VALUES)).height)


def our_values(url: str) -> int:
    """Read them as typed frames, nothing kept."""
    batches = client(url).iter_data_values(data_sets=[FORM], org_units=DISTRICTS, start=FIRST, end=LAST)
    return sum(batch.height for batch in batches)


def our_kept_values(url: str) -> int:
    """Read them as one typed frame."""
    import polars as pl

    batches = client(url).iter_data_values(data_sets=[FORM], org_units=DISTRICTS, start=FIRST, end=LAST)
    return int(pl.concat(batches).height)


def peer_values(url: str) -> int:
    """Read them as objects."""
    return len(peer(url).get_data_value_set(VALUES)["dataValues"])


def floor_analytics(url: str) -> int:
    """Read one grid and make a frame of its rows."""
    dimension = [f"dx:{';'.join(ELEMENTS)}", f"ou:{';'.join(CHIEFDOMS)}", f"pe:{';'.join(MONTHS)}"]
    body = stream(url, "/api/analytics.json", {"dimension": dimension, "skipMeta": "true"})
    start = body.index(b'"rows":[') + 7
    import polars as pl

    return pl.read_json(b'[{"rows":' + bytes(body[start : body.index(b"]]", start) + 2]) + b"}]").explode("rows").height


def our_analytics(url: str) -> int:
    """Read the grid as a typed, sorted frame."""
    return int(client(url).analytics(dx=ELEMENTS, ou=CHIEFDOMS, pe=MONTHS).height)


def peer_analytics(url: str) -> int:
    """Read the grid as objects."""
    return len(peer(url).get_analytics_data(dx=ELEMENTS, ou=CHIEFDOMS, pe=MONTHS, skipMeta="true")["rows"])


def floor_features(url: str) -> int:
    """Read the facilities on the map."""
    return int(parsed(stream(url, "/api/organisationUnits.geojson", {"level": FACILITIES})).height)


def our_features(url: str) -> int:
    """Read them as objects."""
    return sum(1 for _ in client(url).iter_features(FACILITIES))


def peer_features(url: str) -> int:
    """Read them as objects."""
    return len(peer(url).get_org_units_geojson_by_level(FACILITIES)["features"])


CASES: Mapping[str, Mapping[str, Callable[[str], int]]] = {
    "organisation units": {
        "floor": floor_units,
        "ours, frame": our_unit_frame,
        "ours, objects": our_units,
        "ours, objects, pages of 500": our_units_of_500,
        "dhis2-client, objects, pages of 500": peer_units_of_500,
        "dhis2-client, objects, pages of 6,000": peer_units_of_6000,
        "dhis2-client, objects, defaults": peer_units,
    },
    "data values": {
        "floor": floor_values,
        "ours, batches": our_values,
        "ours, one frame": our_kept_values,
        "dhis2-client, objects": peer_values,
    },
    "analytics": {"floor": floor_analytics, "ours, frame": our_analytics, "dhis2-client, objects": peer_analytics},
    "geojson": {"floor": floor_features, "ours, objects": our_features, "dhis2-client, objects": peer_features},
}


def measure(case: str, reader: str, url: str) -> None:
    """Read once without timing, so that imports and answers are there, then time some readings."""
    run = CASES[case][reader]
    rows = run(url)
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        assert run(url) == rows
        seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    print(json.dumps({"rows": rows, "seconds": statistics.median(seconds), "peak_mb": peak}))


def compare(scale: int, cases: list[str], rounds: int) -> None:
    """Print each case as a table of ratios to its floor."""
    from replay import replaying

    from prefect_patterns.sandbox.dhis2 import Dhis2Sandbox

    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, scale {scale}\n")
    with (
        Dhis2Sandbox(today=DAY, scale=scale, start_timeout=120) as box,
        replaying(box.url, box.username, box.password) as url,
    ):
        for case in cases:
            readings: dict[str, list[dict[str, float]]] = {reader: [] for reader in CASES[case]}
            for _ in range(rounds):  # all readers in each round, so that a busy machine is busy for all of them
                for reader, found in readings.items():
                    found.append(child(case, reader, url))
            show(case, {reader: median(found) for reader, found in readings.items()})


def median(readings: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {name: statistics.median(reading[name] for reading in readings) for name in readings[0]}


def show(case: str, found: Mapping[str, Mapping[str, float]]) -> None:
    """Print one case as a table; all readers must have read the same."""
    floor = found["floor"]
    print(f"{case}: {floor['rows']:,.0f}\n\n| reader | ratio to the floor | seconds | peak MB |\n|---|---:|---:|---:|")
    for reader, each in found.items():
        assert each["rows"] == floor["rows"], f"{reader} read {each['rows']:,.0f} rows, the floor {floor['rows']:,.0f}"
        ratio = each["seconds"] / floor["seconds"]
        print(f"| {reader} | {ratio:.2f} | {each['seconds']:.2f} | {each['peak_mb']:.0f} |")
    print(flush=True)


def child(case: str, reader: str, url: str) -> dict[str, float]:
    """Return what a process of its own measures."""
    done = subprocess.run(
        [sys.executable, __file__, "--measure", case, reader, url], check=True, stdout=subprocess.PIPE, text=True
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, default=43, help="how many times the demo's facilities")
    parser.add_argument("--case", choices=CASES, action="append", help="only this one; may be repeated")
    parser.add_argument("--rounds", type=int, default=3, help="of all readers; the median counts")
    parser.add_argument("--measure", nargs=3, metavar=("CASE", "READER", "URL"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    measure(*given.measure) if given.measure else compare(given.scale, given.case or list(CASES), given.rounds)
