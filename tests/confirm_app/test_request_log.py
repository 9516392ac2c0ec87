"""What the page writes into the desk's log: acts of people, by the ticket's run, and no word they typed."""

import json

from tests.confirm_app.desk_rows import select


def lines(desk) -> list[dict]:
    """The log of the desk, parsed."""
    found = list((desk.data.parent / "logs").glob("desk-*.jsonl"))
    return [json.loads(line) for path in found for line in path.read_text().splitlines()]


def test_a_person_is_noted_with_the_run_and_without_what_was_typed(desk, visitor, ticket):
    """A stranger is not: nobody without an account fills the disk."""
    visitor.client.get("/confirm/none?secret=1")
    for host in ("a..b", "x" * 70):
        assert visitor.client.get("/confirm/none", headers={"Host": host}).status_code == 400
    assert lines(desk) == []
    visitor.sign_in()
    assert visitor.confirm(ticket, 1, "FAILED", notes="eToro was closed").status_code == 303
    (posted,) = [line for line in lines(desk) if "POST /confirm" in line["message"]]
    assert posted["message"] == f"executor POST /confirm/{ticket}/lines/1 303"
    assert (posted["component"], posted["level"]) == ("confirm-page", "INFO")
    assert posted["run_id"] == select(desk, "select run_id from desk.tickets")[0]["run_id"]
    visitor.client.get("/?secret=1")
    assert not any(word in json.dumps(lines(desk)) for word in ("secret", "closed"))
