"""What changes for a call when a server goes from DHIS2 2.40 up to 2.43: a table, each line with its source."""

from collections.abc import Iterator, Sequence

from prefect_patterns.dhis2.preflight import matches as m
from prefect_patterns.dhis2.preflight.calls import Call
from prefect_patterns.dhis2.preflight.change import CORE, DIFF, NOTES, Change
from prefect_patterns.dhis2.preflight.changes_to_42 import TO_42

__all__ = ["CHANGES", "changes_of"]

CHANGES: tuple[Change, ...] = (
    *TO_42,
    Change(
        43,
        "data values without common keys",
        m.read_of("dataValueSets"),
        "what all rows share (one data set, period, unit or attribute option combination asked for) is on the "
        "envelope and no longer in the rows; an empty comment or storedBy is left out",
        "merge the envelope into each row; take a missing comment for an empty one",
        f"{CORE}DefaultDataExportService.encodeGroup",
        client_copes=True,
    ),
    Change(
        43,
        "errors of analytics.csv",
        m.analytics_as("csv", "xls", "xlsx", "xml", "html"),
        'a refusal comes with status 200, its text as the body and `inline; filename="error.html"`',
        "look at Content-Disposition and for a first line that begins with E and four digits",
        f"{CORE}AnalyticsController; worldbank/DHIS2-Downloader, pull request 44",
        client_copes=True,
        patches=((2, 40, 9), (2, 41, 5), (2, 42, 1)),
    ),
    Change(
        43,
        "login page",
        m.path("dhis-web-commons", "dhis-web-login"),
        "the login page moves to /login/",
        "send the credentials with each API request; take any redirect to a login page for a refusal",
        f"{CORE}Http401LoginUrlAuthenticationEntryPoint",
    ),
    Change(
        43,
        "version in the path",
        m.prefixed,
        "/api/28 to /api/43 all mean the newest API; others are not there (404)",
        "leave the version out of the path",
        f"{CORE}ApiVersionFilter",
    ),
    Change(
        43,
        "tracker needs a program",
        m.tracker_without_program,
        "`program` is mandatory, else 400",
        "ask for one program at a time",
        NOTES[43],
    ),
    Change(
        43,
        "enrollments by type",
        m.tracker_parameter("enrollments", "trackedEntityType"),
        "`trackedEntityType` is ignored: the answer has more in it",
        "ask by `program`",
        NOTES[43],
    ),
    Change(
        43,
        "removed resources",
        m.path("dataInputPeriods", "externalFileResources", "pushAnalysis"),
        "the resource is gone",
        "read dataInputPeriods from the data sets, files from fileResources; push analysis has no successor",
        DIFF,
    ),
    Change(
        43,
        "renamed and removed fields",
        m.old_field,
        "the field is gone, without an error: dashboardItems.user, sections.user, `favorite`, and `periods` of "
        "event charts, reports and maps",
        "ask for `users`, `favorites`, `persistedPeriods`; do without the others",
        DIFF,
    ),
    Change(
        43,
        "tables of events",
        m.path("sqlViews"),
        "the table `event` is two: singleevent and trackerevent",
        "look at the SQL of the view before the upgrade",
        NOTES[43],
    ),
    Change(
        43,
        "import of data values",
        m.write_of("dataValueSets"),
        "`imported` is always 0 and `updated` counts; some rows refused is 200, not 409; E76xx are E8xxx; "
        "one bad row may refuse its whole data set; CREATE and UPDATE are not enforced",
        "send one data set a request, named on the envelope; map the rows back by `rejectedIndexes` and `conflicts`",
        f"{CORE}DefaultDataEntryService, DataEntrySummary",
        "write",
    ),
    Change(
        43,
        "transfer of ownership",
        m.ownership_by_ou,
        "`ou` is gone",
        "write `orgUnit`",
        NOTES[43],
        "write",
    ),
)
"""Oldest release first."""


def changes_of(call: Call, changes: Sequence[Change] = CHANGES) -> Iterator[Change]:
    """Yield the *changes* that *call* meets.

    >>> [change.name for change in changes_of(Call("users", (("fields", "userCredentials[username]"),)))]
    ['userCredentials']
    """
    return (change for change in changes if not (call.client and change.client_copes) and change.matches(call))
