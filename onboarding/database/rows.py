"""What all rows share: portable column types, and the tenant they belong to."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Double, Enum, ForeignKey, MetaData, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite forgets time zones: they are put back on reading. A naive time is refused on writing."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"the time {value.isoformat()} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class AnyText(TypeDecorator[str]):
    """Any Python text, given back as it came.

    Names from mail and file systems hold NUL and lone surrogates (bytes that are not UTF-8), which PostgreSQL and
    UTF-8 refuse: such a character is stored as `\\uXXXX`, and a backslash before a `u` as `\\u005c`.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _UNSTORABLE.sub(lambda m: f"\\u{ord(m[0]):04x}", value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None or "\\u" not in value else _ESCAPED.sub(lambda m: chr(int(m[1], 16)), value)


_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]|\\(?=u)")
_ESCAPED = re.compile(r"\\u([0-9a-f]{4})")


class Key(TypeDecorator[int]):
    """An unsigned 64-bit key (`detection.keys`), stored as the signed integer of the same bits."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if not 0 <= value < 2**64:
            raise ValueError(f"{value} is not an unsigned 64-bit key")
        return int(value) - 2**64 if value >= 2**63 else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:
        return None if value is None else value % 2**64


class Row(DeclarativeBase):
    """Every table of ours."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy, which declares it so
        str: AnyText,
        int: BigInteger,
        float: Double,
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        dict[str, int]: JSON,
        list[str]: JSON,
        StrEnum: Enum(StrEnum, native_enum=False, length=32, values_callable=lambda kind: [m.value for m in kind]),
    }


class Tenanted:
    """A row that says which tenant it is about: a transaction of one tenant reads and writes no row of another."""

    tenant: Mapped[str] = mapped_column(index=True)


class OfTenant(Tenanted):
    """A row that belongs to one tenant, is keyed by it first, and goes with it."""

    tenant: Mapped[str] = mapped_column(
        ForeignKey("tenants.name", ondelete="CASCADE"), primary_key=True, sort_order=-10
    )
