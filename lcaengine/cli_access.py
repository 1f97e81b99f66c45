"""``lcaengine access``: whoever administers the machine lets people in who lost their keys."""

from __future__ import annotations

import click

from lcaengine.options import (
    database_option,
    existing_store,
    json_option,
    language_option,
    print_json,
    shows_problems,
)
from lcaengine.problems import Language, NotFound, Problem
from lcaengine.terminal import Terminal

ALL = 10_000


@click.group()
def access() -> None:
    """Organisations and users of a server with authentication. 组织与用户。"""


@access.command("list")
@database_option
@json_option
@language_option
@shows_problems
def access_list(database: str | None, as_json: bool, lang: Language) -> None:
    """The organisations and their users, with roles. 列出组织与用户。

    \b
    Example:  lcaengine access list
    """
    from lcaengine.store import Page
    from lcaengine.store.organisations import list_organisations, list_users

    with existing_store(database) as store:
        found = [
            {**o.as_dict(), "users": [u.as_dict() for u in list_users(store, o.id, Page(ALL, "email")).items]}
            for o in list_organisations(store, Page(ALL, "id")).items
        ]
    if as_json:
        return print_json(found)
    terminal = Terminal(lang)
    for organisation in found:
        terminal.say(f"{organisation['id']}  {organisation['name']}  {', '.join(organisation['roles'])}", "bold")
        for user in organisation["users"]:
            terminal.say(
                f"  {'●' if user['active'] else '○'} {user['email']}  {user['name']}  {', '.join(user['roles'])}"
            )
    return None


@access.command("invite")
@click.argument("email")
@click.option("--organisation", default="local", show_default=True, help="Id of the organisation.")
@database_option
@language_option
@shows_problems
def access_invite(email: str, organisation: str, database: str | None, lang: Language) -> None:
    """A new link for a user, which works once: for whoever lost his key. 为用户生成一次性链接。

    Put the server's address before it.

    \b
    Example:  lcaengine access invite wang@example.com --organisation local
    """
    from lcaengine.store import Page
    from lcaengine.store.audit import add_audit
    from lcaengine.store.organisations import invite, list_users
    from lcaengine.store.transaction import together

    with existing_store(database) as store:
        users = list_users(store, organisation, Page(ALL, "email")).items
        user = next((u for u in users if u.email == email.lower()), None)
        if user is None:
            raise NotFound(Problem("unknown_user", "", {"id": email}))
        with together(store.engine):
            token = invite(store, organisation, user.id)
            add_audit(store, organisation, "command line", "accessInvite", f"/v1/users/{user.id}", 201)
    Terminal(lang).say(f"/welcome/{token}")
