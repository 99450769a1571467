"""Use PyPI's dhis2-client as anybody would, and print what it read: run in an environment of its own."""

import json
import sys

from dhis2_client import DHIS2Client

ROOT = "ImspTQPwCqd"


def main(url: str, token: str) -> None:
    """Read a server with the peer's own methods."""
    client = DHIS2Client(url, username="admin", password="district")
    units = client.fetch_all("/api/organisationUnits", params={"fields": "id,name,level,parent[id]"})
    values = client.get_data_value_set({"dataSet": "BfMAe6Itzgt", "period": "202606", "orgUnit": "DiszpKrYNg8"})
    grid = client.get_analytics_data(dx=["fbfJHSPpUQD", "cYeuwXTCPkU"], ou=[ROOT], pe=["202605", "202606"])
    found = {
        "version": client.get_system_info()["version"],
        "user": client.get_current_user(fields="username")["username"],
        "users": [user["username"] for user in client.get_users(fields="username")],
        "by token": DHIS2Client(url, token=token).get_current_user(fields="username")["username"],
        "units": [unit["id"] for unit in units],
        "unit": client.get_org_unit("DiszpKrYNg8", fields="id,name,parent[id]"),
        "tree": len(client.get_org_unit_tree(ROOT, levels=2)["children"]),
        "elements": len(list(client.get_data_elements(fields="id", pageSize=200))),
        "sets": len(list(client.get_data_sets(fields="id"))),
        "areas": len(client.get_org_units_geojson_by_level(2)["features"]),
        "one area": client.get_org_unit_geojson("O6uvpzGd5pu")["id"],
        "children": len(client.get_org_unit_children_geojson(ROOT)["features"]),
        "subtree": len(client.get_org_unit_subtree_geojson("O6uvpzGd5pu")["features"]),
        "values": values["dataValues"],
        "value": client.get_data_value("fbfJHSPpUQD", "202606", "DiszpKrYNg8", co="pq2XI5kz2BY"),
        "headers": [header["name"] for header in grid["headers"]],
        "rows": grid["rows"],
        "latest": client.analytics_latest_period_for_level("fbfJHSPpUQD", 2)["existing"]["id"],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
