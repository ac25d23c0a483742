"""Signing in and out."""

from datetime import timedelta

from engine.base.tokens import Purpose
from engine.people.login import Login
from tests.admin.town import PASSWORD, Town


def test_nobody_sees_anything_before_signing_in(town: Town) -> None:
    visitor = town.visitor()
    for path in ("/", "/all", "/people", "/tasks", "/journeys", "/health"):
        answer = visitor.client.get(path)
        assert answer.status_code == 302 and answer.headers["Location"].startswith("/session"), path
    assert visitor.client.get("/stream").status_code == 401


def test_an_organizer_signs_in_and_comes_to_the_page_they_asked_for(town: Town) -> None:
    visitor = town.visitor()
    page = visitor.sees("/session?next=/people")
    assert 'name="next" value="/people"' in page
    answer = visitor.presses("/session", email="Denise@NFP.example ", password=PASSWORD, next="/people")
    assert answer.headers["Location"] == "/people"
    assert "Rosa Marin" in visitor.sees("/people")


def test_signing_in_never_leads_to_somebody_elses_page(town: Town) -> None:
    elsewhere = (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t\\evil.example",
        "javascript:alert(1)",
    )
    # Nor does a line break end the header that leads on, and another one begin.
    for place in (*elsewhere, "/people\r\nSet-Cookie: hearthline_admin=mine", "/people\u2028"):
        answer = town.visitor().presses("/session", email="denise@nfp.example", password=PASSWORD, next=place)
        assert answer.headers["Location"] == "/", place


def test_the_cookie_is_kept_from_scripts_and_other_sites(town: Town) -> None:
    cookie = town.visitor().signs_in("denise@nfp.example").headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_a_session_from_before_signing_in_does_not_survive_it(town: Town) -> None:
    visitor = town.visitor()
    token = visitor.token()
    assert visitor.signs_in("denise@nfp.example").status_code == 302
    answer = visitor.client.post("/session/end", data={"csrf_token": token})
    assert answer.status_code == 403


def test_a_wrong_password_and_an_unknown_address_get_the_same_words(town: Town) -> None:
    wrong = town.visitor().signs_in("denise@nfp.example", "not this one")
    unknown = town.visitor().signs_in("nobody@nfp.example", "not this one")
    assert wrong.status_code == unknown.status_code == 401
    assert "do not go together" in wrong.text and "do not go together" in unknown.text


def test_five_wrong_tries_make_the_sixth_wait_and_each_one_more_doubles_it(town: Town) -> None:
    visitor = town.visitor()
    for _ in range(5):
        assert visitor.signs_in("denise@nfp.example", "wrong").status_code == 401
    answer = visitor.signs_in("denise@nfp.example")
    assert answer.status_code == 429 and "Try again in" in answer.text
    town.clock.at += timedelta(seconds=31)
    assert visitor.signs_in("denise@nfp.example", "wrong").status_code == 401
    town.clock.at += timedelta(seconds=31)
    assert visitor.signs_in("denise@nfp.example").status_code == 429, "the second wait is twice as long"
    town.clock.at += timedelta(seconds=31)
    assert visitor.signs_in("denise@nfp.example").status_code == 302


def test_somebody_elses_wrong_tries_do_not_shut_an_organizer_out(town: Town) -> None:
    stranger = town.visitor()
    for _ in range(6):
        stranger.client.post(
            "/session",
            data={"csrf_token": stranger.token(), "email": "denise@nfp.example", "password": "wrong"},
            environ_base={"REMOTE_ADDR": "192.0.2.66"},
        )
    assert town.visitor().signs_in("denise@nfp.example").status_code == 302


def test_after_signing_out_a_copied_cookie_opens_nothing(town: Town) -> None:
    visitor = town.signed_in("denise")
    stolen = visitor.client.get_cookie("hearthline_admin")
    assert stolen is not None
    visitor.presses("/session/end")
    thief = town.visitor()
    thief.client.set_cookie("hearthline_admin", stolen.value)
    assert thief.client.get("/").status_code == 302


def test_a_session_ends_after_two_weeks(town: Town) -> None:
    visitor = town.signed_in("denise")
    town.clock.at += timedelta(days=14, minutes=1)
    assert visitor.client.get("/").status_code == 302


def test_a_member_without_a_role_does_not_get_in(town: Town) -> None:
    with town.write() as session:
        known = session.get_one(Login, town.people["denise"])
        session.add(
            Login(
                member_id=town.people["rosa"],
                created_at=known.created_at,
                email="rosa@nfp.example",
                password_hash=known.password_hash,
                epoch=1,
            )
        )
    assert town.visitor().signs_in("rosa@nfp.example").status_code == 401


def test_an_invitation_is_good_once_and_signs_in(town: Town) -> None:
    town.person("Nia Park", "atlanta")
    town.answers("nia", "organizer", "atlanta")
    with town.write() as session:
        login = session.get_one(Login, town.people["nia"])
        login.password_hash = ""
        until = town.clock.at + timedelta(days=7)
        token = town.services.tokens.sign_link(Purpose.INVITATION, login.epoch, login.member_id, until)
    visitor = town.visitor()
    assert "Hello Nia" in visitor.sees(f"/invitation/{token}")
    assert visitor.presses(f"/invitation/{token}", password="short").status_code == 422
    assert visitor.presses(f"/invitation/{token}", password="soup on thursday").status_code == 302
    assert "Nia Park" in visitor.sees("/")
    assert "was used" in town.visitor().sees(f"/invitation/{token}", 404)
    assert town.visitor().signs_in("nia@nfp.example", "soup on thursday").status_code == 302


def test_a_form_without_our_token_changes_nothing(town: Town) -> None:
    thread = town.hears("rosa", "Hello?", chapter="atlanta", to="denise")
    denise = town.signed_in("denise")
    answer = denise.client.post(f"/conversations/{thread}/closure")
    assert answer.status_code == 403 and "Nothing was sent or changed" in answer.text
    assert town.thread(thread).closure_id is None


def test_every_page_forbids_scripts_frames_and_pictures_from_elsewhere(town: Town) -> None:
    answer = town.signed_in("denise").client.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<script>" not in answer.text and " style=" not in answer.text and "http" not in _links(answer.text)


def test_files_are_kept_by_browsers_for_ever_under_names_that_change_with_them(town: Town) -> None:
    page = town.visitor().sees("/session")
    name = page.split('href="/assets/')[1].split('"')[0]
    answer = town.visitor().client.get(f"/assets/{name}")
    assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"]
    assert town.visitor().client.get("/assets/admin.css").status_code == 404


def _links(page: str) -> str:
    return " ".join(part.split('"')[1] for part in page.replace("src=", "href=").split("href=")[1:])
