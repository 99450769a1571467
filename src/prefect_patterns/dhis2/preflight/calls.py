"""A call of the DHIS2 API as far as its text tells it: method, path, parameters, and where it stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_plus

__all__ = ["AN_ID", "RESOURCES", "UNKNOWN", "Call", "Params", "plain", "read_calls"]

UNKNOWN = "{…}"
"""Stands for what is only known when the code runs."""
AN_ID = "{id}"
"""Stands for any well-formed id."""

Params = tuple[tuple[str, str], ...]

# The first segments of paths below /api that a call is known by where its text does not say `/api`
# (DHIS2: /api/resources, and the endpoints of the developer guide that are no resources).
RESOURCES = frozenset(
    """
    aggregateDataExchanges analytics apiToken apps attributes audits categories categoryCombos categoryOptionCombos
    categoryOptionGroups categoryOptionGroupSets categoryOptions completeDataSetRegistrations configuration constants
    dashboardItems dashboards dataApprovalLevels dataApprovals dataElementGroups dataElementGroupSets
    dataElementOperands dataElements dataEntry dataEntryForms dataInputPeriods dataIntegrity dataItems dataSetElements
    dataSetReport dataSets dataStatistics dataStore dataSummary dataValues dataValueSets dimensions documents
    enrollments eventCharts eventFilters eventReports events eventVisualizations expressionDimensionItems expressions
    externalFileResources externalMapLayers fileResources geoFeatures gist icons identifiableObjects indicatorGroups
    indicatorGroupSets indicators indicatorTypes interpretations jobConfigurations legends legendSets locales
    lockExceptions loginConfig maintenance maps mapViews me messageConversations messages metadata metadataVersions
    minMaxDataElements oAuth2Clients optionGroups optionGroupSets options optionSets organisationUnitGroups
    organisationUnitGroupSets organisationUnitLevels organisationUnits outlierDetection periodTypes ping
    predictorGroups predictors programDataElements programIndicatorGroups programIndicators programInstances
    programNotificationInstances programNotificationTemplates programRuleActions programRules programRuleVariables
    programs programSections programStageInstances programStages programStageSections pushAnalysis relationships
    relationshipTypes reports resourceTables routes schemas sections sharing smsCommands sqlViews synchronization
    system systemSettings tasks trackedEntityAttributes trackedEntityInstances trackedEntityTypes tracker
    userDataStore userGroups userRoles users userSettings validationNotificationTemplates validationResults
    validationRuleGroups validationRules visualizations
    """.split()  # noqa: SIM905 - a list of a hundred quoted words says no more
)

_SECRET = re.compile(r"pass|token|secret|key$|auth|session", re.IGNORECASE)
_PLACE = r"(?:\{[^{}\s]*\}|[\w.~:,;*@-])"
_API = re.compile(
    rf"(?<![\w-])api/(?:(?P<prefix>\d{{1,3}})/)?(?P<path>{_PLACE}+(?:/{_PLACE}+)*)(?P<query>\?[^\s\"'`<>\\]*)?"
)
_LOGIN = re.compile(r"(?P<path>dhis-web-commons/security/[\w.-]+|dhis-web-login)\b")
_BARE = re.compile(rf"^/?(?P<path>[A-Za-z]\w*(?:\.\w+)?(?:/{_PLACE}+)*)/?(?P<query>\?\S*)?$")


@dataclass(frozen=True, slots=True)
class Call:
    """One request that a file makes or tells of.

    Args:
        path: Below `/api`, without the version; a login page has its whole path.
        params: Names and values in their order; what is not in the text is `UNKNOWN`.
        prefix: The version in the path, as 40 in `/api/40/me`.
        client: The method of `Dhis2Client` that makes it; empty when the code makes it itself.
        params_known: Whether all the parameters are in the text.
        keys: Texts that the file reads answers by, as `userCredentials` in `answer["userCredentials"]`.
        where: The file and the line.
        times: How often it is there; `where` is the first place.
    """

    path: str
    params: Params = ()
    method: str = "GET"
    prefix: int | None = None
    client: str = ""
    params_known: bool = True
    keys: frozenset[str] = frozenset()
    where: str = ""
    times: int = 1

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path, the last one without a suffix such as `.json`.

        >>> Call("analytics/rawData.json").segments
        ('analytics', 'rawData')
        """
        return tuple(re.sub(r"\.(json|xml|csv|geojson|html|xlsx?|gz|zip)+$", "", part) for part in self.path.split("/"))

    @property
    def resource(self) -> str:
        """The first part of the path."""
        return self.segments[0]

    @property
    def suffix(self) -> str:
        """What the path ends with after a dot, such as `csv`."""
        return self.path.rpartition("/")[2].partition(".")[2]

    @property
    def is_known(self) -> bool:
        """Whether the text tells which resource is asked."""
        return "{" not in self.resource

    @property
    def reads(self) -> bool:
        """Whether it asks and changes nothing."""
        return self.method in {"GET", "HEAD"}

    @property
    def label(self) -> str:
        """The call for people, on one line and without a secret.

        >>> Call("me", (("fields", "id"), ("password", "x"))).label
        'GET me?fields=id&password=***'
        """
        query = "&".join(f"{name}={'***' if _SECRET.search(name) else value}" for name, value in self.params)
        path = self.path if self.prefix is None else f"{self.prefix}/{self.path}"
        text = plain(f"{self.method} {path}{'?' if query else ''}{query}", 160)
        return f"{text} ({self.client})" if self.client else text

    def values(self, *names: str) -> list[str]:
        """Return the values of the parameters with these names."""
        return [value for name, value in self.params if name in names]

    def has(self, *names: str) -> bool:
        """Return whether one of these parameters is given."""
        return any(name in names for name, _ in self.params)

    @property
    def fields(self) -> frozenset[str]:
        """All names that the `fields` and `filter` parameters mention.

        >>> sorted(Call("users", (("fields", "id,userCredentials[username]"), ("filter", "a.b:eq:1"))).fields)
        ['a', 'b', 'id', 'userCredentials', 'username']
        """
        asked = [*self.values("fields"), *(value.partition(":")[0] for value in self.values("filter"))]
        return frozenset(name for text in asked for name in re.findall(r"\w+", text))

    @property
    def operators(self) -> frozenset[str]:
        """The operators of its filters.

        >>> Call("dataElements", (("filter", "name:!empty"),)).operators
        frozenset({'!empty'})
        """
        return frozenset(parts[1] for value in self.values("filter") if len(parts := value.split(":")) > 1)


def read_calls(text: str, *, method: str = "GET", params: Params = (), bare: bool = False) -> Iterator[Call]:
    """Yield the calls whose addresses stand in *text*; holes in it are `{…}`.

    Args:
        params: Further parameters, beside those in the address.
        bare: Whether *text* may be a path without `/api`, as clients with a base address are given it.

    >>> [(call.path, call.prefix) for call in read_calls("https://h/dhis/api/40/me.json?fields=id")]
    [('me.json', 40)]
    """
    found = False
    for match in _API.finditer(text):
        found = True
        call = _call(match["path"], match["query"], method, params, match["prefix"])
        if call.resource in RESOURCES or not call.is_known:  # else another service's
            yield call
    for match in () if found else _LOGIN.finditer(text):
        found = True
        yield Call(match["path"], method=method)
    whole = _BARE.match(text) if bare and not found else None
    if whole and whole["path"].partition("/")[0].partition(".")[0] in RESOURCES:
        yield _call(whole["path"], whole["query"], method, params, None)


def _call(path: str, query: str | None, method: str, params: Params, prefix: str | None) -> Call:
    own = tuple(_pairs((query or "?")[1:]))
    return Call(
        path.rstrip(".,:;"),
        own + params,
        method.upper() if method else "GET",
        int(prefix) if prefix else None,
        params_known=not any("{" in name for name, _ in own + params),
    )


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if part == UNKNOWN:
            yield UNKNOWN, UNKNOWN
        elif name:
            yield unquote_plus(name), unquote_plus(value)


def plain(text: str, limit: int = 200) -> str:
    """Return foreign *text* on one line, without control characters, and not long.

    >>> plain("a\\nb\\x1b[2J")
    'a b [2J'
    """
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
