"""``boxlens keys``: who may use the API."""

from __future__ import annotations

from typing import Annotated

import typer

from boxlens.cli import output

app = typer.Typer(help="Make, list and revoke keys of the API.", no_args_is_help=True)
BY = "command line"


@app.command()
def make(
    name: Annotated[str, typer.Argument(help="Whose it is, or for what.")],
    role: Annotated[str, typer.Option(help="read, write (pictures) or admin (collections too).")] = "read",
    per_minute: Annotated[int, typer.Option(min=0, help="Requests a minute; 0: any number.")] = 0,
    json: output.Json = False,
) -> None:
    """Make a key and show it, this once alone. From the first key on, the API asks for one.

    Example: boxlens keys make anna --role write
    """
    from boxlens.access.audit_log import AuditLog
    from boxlens.access.keys import ROLES, KeyFile
    from boxlens.domain.errors import BadInput

    chosen = next((choice for choice in ROLES if choice == role), None)
    if chosen is None:
        raise BadInput(f"{role!r} is no role.", hint=f"Take one of {', '.join(ROLES)}.")
    folder = output.settings().data_dir
    key = KeyFile(folder).make(name, chosen, per_minute=per_minute)
    AuditLog(folder).add("key_made", by=BY, key=name, role=role)
    if json:
        output.print_json({"name": name, "role": role, "per_minute": per_minute, "key": key})
    else:
        output.line(key)
        output.report("It is not shown again, and kept as a hash alone. Send it as Authorization: Bearer KEY.")


@app.command("list")
def list_(json: output.Json = False) -> None:
    """All keys; not the keys themselves, which nobody keeps. Example: boxlens keys list"""
    from boxlens.access.keys import KeyFile

    keys = KeyFile(output.settings().data_dir).entries()
    facts = [
        {
            "name": key.name,
            "role": key.role,
            "per_minute": key.per_minute,
            "made_at": key.made_at,
            "revoked_at": key.revoked_at,
        }
        for key in keys
    ]
    if json:
        output.print_json(facts)
    elif facts:
        output.print_table(
            ("name", "role", "a minute", "made", "revoked"),
            [tuple(value if value is not None else "" for value in entry.values()) for entry in facts],
        )
    else:
        output.console.print("No keys: the API is open to all programs that reach it. Make one: boxlens keys make NAME")


@app.command()
def revoke(name: str) -> None:
    """From now on the key opens nothing, in running servers too. Example: boxlens keys revoke anna"""
    from boxlens.access.audit_log import AuditLog
    from boxlens.access.keys import KeyFile

    folder = output.settings().data_dir
    KeyFile(folder).revoke(name)
    AuditLog(folder).add("key_revoked", by=BY, key=name)
    output.line(f"{name} is revoked.")
