"""`/api/system/info` and `/api/me`, in the shape of the recorded answers of a 2.40 and a 2.43 server."""

from datetime import datetime, timedelta

from starlette.requests import Request

from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object
from prefect_patterns.sandbox.dhis2.settings import user_settings
from prefect_patterns.sandbox.dhis2.site import Site
from prefect_patterns.sandbox.dhis2.users import User

__all__ = ["me", "system_info"]

# What only a superuser sees (`SystemInfo.withoutSensitiveInfo`).
_SENSITIVE = (
    "jasperReportsVersion",
    "environmentVariable",
    "fileStoreProvider",
    "readOnlyMode",
    "nodeId",
    "javaVersion",
    "javaVendor",
    "osName",
    "osArchitecture",
    "osVersion",
    "externalDirectory",
    "readReplicaCount",
    "memoryInfo",
    "cpuCores",
    "clusterHostname",
)
_SENSITIVE_OF_DATABASE = ("name", "user", "url", "databaseVersion")
_NEVER = "1970-01-01T00:00:00.000"


def system_info(request: Request, site: Site, user: User) -> Object:
    """Return what *user* sees of the server."""
    release, now = site.release, site.now()
    address = str(request.url.replace(path="", query="")).rstrip("/")
    info: Object = {
        "contextPath": address,
        "userAgent": request.headers.get("user-agent", ""),
        "calendar": "iso8601",
        "dateFormat": "yyyy-mm-dd",
        "serverDate": _moment(now),
        "serverTimeZoneId": "Etc/UTC",
        "serverTimeZoneDisplayName": "Coordinated Universal Time",
        **_tables(site, now),
        "lastSystemMonitoringSuccess": "2019-03-26T17:07:15.418",
        "lastAnalyticsTablePartitionSuccess": _NEVER,
        "intervalSinceLastAnalyticsTablePartitionSuccess": "",
        "lastAnalyticsTablePartitionRuntime": "",
        "databaseInfo": {
            "name": "sandbox",
            "user": "sandbox",
            "url": "jdbc:postgresql:sandbox",
            "databaseVersion": "PostgreSQL 14.4",
            "spatialSupport": True,
            "time": _moment(now),
        },
        "version": release.version,
        "revision": "sandbox",
        "buildTime": "2025-10-01T13:08:31.000",
        "jasperReportsVersion": "6.20.0",
        "environmentVariable": "DHIS2_HOME",
        "fileStoreProvider": "filesystem",
        "readOnlyMode": "off",
        "nodeId": "",
        "javaVersion": release.java,
        "javaVendor": "sandbox",
        "osName": "Linux",
        "osArchitecture": "amd64",
        "osVersion": "6.1",
        "externalDirectory": "/opt/dhis2",
        "readReplicaCount": 0,
        "memoryInfo": "Mem Total in JVM: 428 Free in JVM: 89 Max Limit: 4096",
        "cpuCores": 2,
        "encryption": False,
        "emailConfigured": False,
        "redisEnabled": False,
        "systemId": "eed3d451-4ff5-4193-b951-ffcc68954299",
        "systemName": "Sierra Leone demo (seeded values)",
        "systemMetadataVersion": "",
        "instanceBaseUrl": address,
        "clusterHostname": "",
        "isMetadataVersionEnabled": True,
        "lastMetadataVersionSyncAttempt": _NEVER,
    }
    hidden = set(release.missing_info)
    if not user.is_super:
        hidden |= {*_SENSITIVE, *(f"databaseInfo.{name}" for name in _SENSITIVE_OF_DATABASE)}
    info["databaseInfo"] = {
        name: value for name, value in info["databaseInfo"].items() if f"databaseInfo.{name}" not in hidden
    }
    return {name: value for name, value in info.items() if name not in hidden}


def _tables(site: Site, now: datetime) -> Object:
    """Return what is said of the analytics tables; nothing of tables that were never made."""
    site.jobs.settle()
    if site.analytics == "missing":
        return {}
    seconds = int(max(now - site.tables_made, timedelta()).total_seconds())
    return {
        "lastAnalyticsTableSuccess": _moment(site.tables_made),
        "intervalSinceLastAnalyticsTableSuccess": f"{seconds // 3600} h, {seconds % 3600 // 60} m, {seconds % 60} s",
        "lastAnalyticsTableRuntime": "00:05:12.480",
    }


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"


def me(site: Site, user: User) -> Object:
    """Return what the server says of *user* to *user*."""
    units: list[Object] = [{"id": uid} for uid in user.units if uid in site.metadata.collections["organisationUnits"]]
    name = f"{user.first_name} {user.surname}"
    found: Object = {
        "id": user.id,
        "username": user.username,
        "surname": user.surname,
        "firstName": user.first_name,
        "created": "2025-01-15T09:00:00.000",
        "lastUpdated": "2025-01-15T09:00:00.000",
        "name": name,
        "displayName": name,
        "access": {"manage": True, "write": True, "read": True, "update": True, "delete": True},
        "favorites": [],
        "translations": [],
        "authorities": list(user.authorities),
        "organisationUnits": units,
        "dataViewOrganisationUnits": units,
        "teiSearchOrganisationUnits": units,
        "userRoles": [{"id": user.role}],
        "userGroups": [{"id": user.group}],
        "settings": user_settings(site.settings),
        "programs": [],
        "dataSets": _data_sets(site.metadata, user),
        "patTokens": [],
    }
    if site.release.has_user_credentials:
        found["userCredentials"] = {"id": user.id, "username": user.username, "userRoles": [{"id": user.role}]}
    return found


def _data_sets(metadata: Metadata, user: User) -> list[str]:
    """Return the data sets that a unit below the user's own reports."""
    every = metadata.collections["dataSets"]
    if user.is_super:
        return list(every)
    units = metadata.collections["organisationUnits"]
    return [
        uid
        for uid, data_set in every.items()
        if any(
            own in str(units.get(unit["id"], {}).get("path", "")).split("/")
            for unit in data_set.get("organisationUnits", [])
            for own in user.units
        )
    ]
