"""`/api/system/info` and `/api/me`, in the shape of the recorded answers of a 2.43 server."""

from datetime import date

from starlette.requests import Request

from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object
from prefect_patterns.sandbox.dhis2.release import Release

__all__ = ["me", "system_info"]


def system_info(request: Request, release: Release, today: date) -> Object:
    """Return what a superuser sees of the server; the day is the sandbox's."""
    address = str(request.url.replace(path="", query="")).rstrip("/")
    return {
        "contextPath": address,
        "userAgent": request.headers.get("user-agent", ""),
        "calendar": "iso8601",
        "dateFormat": "yyyy-mm-dd",
        "serverDate": f"{today}T12:00:00.000",
        "serverTimeZoneId": "Etc/UTC",
        "serverTimeZoneDisplayName": "Coordinated Universal Time",
        "lastAnalyticsTableSuccess": f"{today}T02:00:00.000",
        "intervalSinceLastAnalyticsTableSuccess": "10 h, 0 m, 0 s",
        "lastAnalyticsTableRuntime": "00:05:12.480",
        "lastSystemMonitoringSuccess": "2019-03-26T17:07:15.418",
        "lastAnalyticsTablePartitionSuccess": "1970-01-01T00:00:00.000",
        "intervalSinceLastAnalyticsTablePartitionSuccess": "",
        "lastAnalyticsTablePartitionRuntime": "",
        "databaseInfo": {
            "name": "sandbox",
            "user": "sandbox",
            "url": "jdbc:postgresql:sandbox",
            "databaseVersion": "PostgreSQL 14.4",
            "spatialSupport": True,
            "time": f"{today}T12:00:00.000",
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
        "lastMetadataVersionSyncAttempt": "1970-01-01T00:00:00.000",
    }


def me(metadata: Metadata, username: str) -> Object:
    """Return the one user, who may do everything and sees the whole tree."""
    roots: list[Object] = [
        {"id": uid} for uid, unit in metadata.collections["organisationUnits"].items() if unit.get("level") == 1
    ]
    return {
        "id": "xE7jOejl9FI",
        "username": username,
        "firstName": "John",
        "surname": "Traore",
        "name": "John Traore",
        "displayName": "John Traore",
        "email": "dummy@dhis2.org",
        "authorities": ["ALL"],
        "organisationUnits": roots,
        "dataViewOrganisationUnits": roots,
        "teiSearchOrganisationUnits": roots,
        "userRoles": [{"id": "yrB6vc5Ip3r"}],
        "userGroups": [{"id": "wl5cDMuUhmF"}],
        "settings": {"keyDbLocale": "en", "keyUiLocale": "en", "keyAnalysisDisplayProperty": "name"},
        "programs": [],
        "dataSets": list(metadata.collections["dataSets"]),
        "patTokens": [],
    }
