"""Names for ids, on request: asked once for many, kept by the client."""

import re
from collections.abc import Iterable, Mapping

import polars as pl

from prefect_patterns.dhis2.metadata_reads import MetadataReads

__all__ = ["NameReads", "with_names"]

_ID = re.compile(r"[\w-]+", re.ASCII)


class NameReads(MetadataReads):
    """What `Dhis2Client` knows of names."""

    _known_names: dict[str, dict[str, str | None]]

    def names(self, endpoint: str, ids: Iterable[str | None]) -> dict[str, str | None]:
        """Return the name of each of *ids*, in their order; None where the server has none to show.

        Names are in the user's language, and need not be unique. Each is asked for once in the client's life, many in
        one request.

        Args:
            endpoint: The list that the ids are of, as `organisationUnits`.
            ids: Nulls are left out, so that a column of a frame will do.
        """
        listed = [ids] if isinstance(ids, str) else ids
        wanted = list(dict.fromkeys(uid for uid in listed if uid is not None))
        known = self.__dict__.setdefault("_known_names", {}).setdefault(endpoint.strip("/"), {})
        missing = [uid for uid in wanted if uid not in known and _ID.fullmatch(uid)]
        if missing:
            rows = self.iter_metadata(endpoint, "id,displayName,name", filters=[f"id:in:[{','.join(missing)}]"])
            for row in rows:
                name = row.get("displayName") or row.get("name")
                if isinstance(name, str) and isinstance(row.get("id"), str):
                    known[row["id"]] = name
            known |= {uid: None for uid in missing if uid not in known}
        return {uid: known.get(uid) for uid in wanted}


def with_names(frame: pl.DataFrame, names: Mapping[str, Mapping[str, str | None]]) -> pl.DataFrame:
    """Return *frame* with a column `org_unit_name` for `org_unit` and so on; ids without a name have null there.

    Args:
        names: By column, what `Dhis2Client.names` returned for its ids.

    >>> with_names(pl.DataFrame({"org_unit": ["a", "b"]}), {"org_unit": {"a": "Bo", "b": None}}).rows()
    [('a', 'Bo'), ('b', None)]
    """
    return frame.with_columns(
        pl.col(column)
        .replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.String)
        .alias(f"{column}_name")
        if known
        else pl.lit(None, pl.String).alias(f"{column}_name")
        for column, known in names.items()
    )
