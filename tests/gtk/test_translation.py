# SPDX-License-Identifier: MIT
"""The app in another language."""


def test_comes_up_in_german(start_app, sandbox, build_dir):
    app = start_app(sandbox, LANGUAGE="de", BALUHOST_LOCALE_DIR=str(build_dir / "po"))
    app.row("Notes.txt")
    app.find("label", "2 Objekte")
    for page in ("Dateien", "Papierkorb", "Speicher", "Benutzer"):
        app.find("list item", page)
    app.keys("ctrl+shift+n")
    dialog = app.dialog("Neuer Ordner")
    app.enter("Name", "..", dialog)
    app.find("alert", "Dieser Name hat eine besondere Bedeutung.", dialog)
    app.press("Abbrechen", dialog)
    app.gone("text", "Name")
    app.keys("alt+3")
    app.find("list item", "md0, In Ordnung")
    app.find("label", "8 Festplatten, 1 Verbund, 0 Speicherbereiche")
    app.find("label", "Übersteht den Ausfall einer beliebigen Festplatte")


def test_a_language_that_is_not_there_is_english(start_app, sandbox, build_dir):
    app = start_app(sandbox, LANGUAGE="xx", BALUHOST_LOCALE_DIR=str(build_dir / "po"))
    app.row("Notes.txt")
    app.find("label", "2 items")
