"""Every junit.xml under a folder is XML, every report.md is UTF-8, and the counts of junit.xml are those of its cases.

    report_files.py FOLDER
"""

import pathlib
import sys
import xml.parsers.expat

problems = []
seen = 0
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*")):
    if path.name == "report.md":
        try:
            path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            problems.append(f"{path}: {error}")
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
print(f"{seen} junit.xml read, {len(problems)} problems")
sys.exit(1 if problems or not seen else 0)
