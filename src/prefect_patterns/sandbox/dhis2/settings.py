"""System and user settings: what `/api/systemSettings` and `/api/me/settings` say."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

__all__ = ["SETTINGS", "user_settings"]

SETTINGS: Mapping[str, object] = MappingProxyType(
    {
        "applicationTitle": "DHIS 2 Demo - Sierra Leone",
        "analyticsFinancialYearStart": "FINANCIAL_YEAR_OCTOBER",
        "factorDeviation": 2.0,
        "infrastructuralPeriodType": "Yearly",
        "keyAccountRecovery": True,
        "keyAllowObjectAssignment": False,
        "keyAnalysisDigitGroupSeparator": "SPACE",
        "keyAnalysisDisplayProperty": "name",
        "keyAnalysisRelativePeriod": "LAST_12_MONTHS",
        "keyAnalyticsCacheProgressiveTtlFactor": 160,
        "keyAnalyticsCacheTtlMode": "FIXED",
        "keyAnalyticsMaintenanceMode": False,
        "keyAnalyticsMaxLimit": 100_000,
        "keyCacheability": "PUBLIC",
        "keyCacheStrategy": "CACHE_1_MINUTE",
        "keyCalendar": "iso8601",
        "keyCanGrantOwnUserAuthorityGroups": False,
        "keyDatabaseServerCpus": 0,
        "keyDateFormat": "yyyy-MM-dd",
        "keyDbLocale": "en",
        "keyFlag": "sierra_leone",
        "keyHideBiWeeklyPeriods": False,
        "keyHideBiMonthlyPeriods": False,
        "keyHideDailyPeriods": False,
        "keyHideMonthlyPeriods": False,
        "keyHideWeeklyPeriods": False,
        "keyIgnoreAnalyticsApprovalYearThreshold": -1,
        "keyLockMultipleFailedLogins": False,
        "keyRespectMetaDataStartEndDatesInAnalyticsTableExport": False,
        "keySkipZeroValuesInAnalyticsTables": False,
        "keySqlViewMaxLimit": -1,
        "keyStyle": "light_blue/light_blue.css",
        "keySystemNotificationsEmail": "",
        "keyUiLocale": "en",
        "keyUseCustomLogoBanner": False,
        "keyUseCustomLogoFront": False,
        "minPasswordLength": 8,
        "phoneNumberAreaCode": "",
        "startModule": "dhis-web-dashboard",
    }
)
"""What can be read; the sandbox itself keeps to `keyAnalyticsMaxLimit`."""


def user_settings(system: Mapping[str, object]) -> dict[str, object]:
    """Return the settings of each user: those that a demo server gave, and the system's where it has the same.

    Args:
        system: The system settings.

    >>> user_settings({"keyDbLocale": "fr"})["keyDbLocale"]
    'fr'
    """
    return {key: system.get(key, value) for key, value in _recorded().items()}


@cache
def _recorded() -> Mapping[str, object]:
    found: dict[str, object] = json.loads((files(__package__) / "data" / "userSettings.json").read_text())
    return MappingProxyType(found)
