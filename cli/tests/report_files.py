"""Every junit.xml under a folder is XML, every report.md is UTF-8, and the counts of junit.xml are those of its cases.
Every report.html is XML as well, which makes it the same to a parser of HTML; it asks nobody for anything, each link and
label leads to an id that is there once, each table has a caption and heads with a scope, and each drawing a name.

    report_files.py FOLDER
"""

import pathlib
import sys
import xml.parsers.expat

problems = []
seen = pages = 0


def page_problems(data):
    """What a browser, a screen reader or somebody without a network would stumble over."""
    found, ids, wanted, tables = [], [], [], []
    held = {"html", "head", "title", "body", "main", "h1", "style", "script"}
    levels = []

    def start(name, attributes):
        held.discard(name)
        if "id" in attributes:
            ids.append(attributes["id"])
        if name in ("h1", "h2", "h3", "h4"):
            levels.append(int(name[1]))
        for key, value in attributes.items():
            if key in ("src", "action", "data") or key.startswith("on"):
                found.append(f"{name} has {key}")
            if key == "href":
                wanted.append(value[1:] if value.startswith("#") else f"outside: {value}")
            if key == "aria-labelledby":
                wanted.extend(value.split())
        if name == "svg" and (attributes.get("role") != "img" or "aria-labelledby" not in attributes):
            found.append("a drawing has no name")
        if name == "table":
            tables.append(False)
        if name == "caption":
            tables[-1] = True
        if name == "th" and attributes.get("scope") not in ("col", "row"):
            found.append("a th has no scope")
        if name == "button" and attributes.get("type") != "button":
            found.append("a button has no type")

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = start
    try:
        parser.Parse(data, True)
    except xml.parsers.expat.ExpatError as error:
        return [str(error)]
    found += [f"no {name}" for name in sorted(held)]
    found += [f"the id {one} is there twice" for one in set(ids) if ids.count(one) > 1]
    found += [f"nothing has the id {one}" for one in set(wanted) - set(ids)]
    found += ["a table has no caption"] * tables.count(False)
    if levels.count(1) != 1 or any(b > a + 1 for a, b in zip(levels, levels[1:])):
        found.append(f"headings are no outline: {levels[:20]}")
    return found


for path in sorted(pathlib.Path(sys.argv[1]).rglob("*")):
    if path.name == "report.md":
        try:
            path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            problems.append(f"{path}: {error}")
    if path.name == "report.html":
        pages += 1
        problems += [f"{path}: {problem}" for problem in page_problems(path.read_bytes())]
    if path.name != "junit.xml":
        continue
    seen += 1
    told, found = {}, dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)

    def start(name, attributes):
        if name == "testsuite":
            told.update({key: int(attributes[key]) for key in found})
        key = {"testcase": "tests", "failure": "failures", "error": "errors", "skipped": "skipped"}.get(name)
        if key:
            found[key] += 1

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = start
    try:
        parser.Parse(path.read_bytes(), True)
    except xml.parsers.expat.ExpatError as error:
        problems.append(f"{path}: {error}")
        continue
    if told != found:
        problems.append(f"{path}: says {told}, has {found}")
for problem in problems[:10]:
    print(problem)
print(f"{seen} junit.xml and {pages} report.html read, {len(problems)} problems")
sys.exit(1 if problems or not seen or not pages else 0)
