#!/usr/bin/env python3
"""Checks a list of repositories with Spark: every part of the list is one call of trustpub, and the reports are put together again.

usage: dist/spark.py LIST FOLDER [--program PATH] [--parts N] [--master URL]

LIST has one path per line, absolute or relative to the current folder, which every worker must see. FOLDER gets `report.json` and
`report.sarif`. A part whose worker is killed runs again, and only the output of its last attempt is used, so that nothing is reported
twice. Needs PySpark (`pip install pyspark`) and Java.
"""

import argparse
import json
import pathlib
import shlex

from pyspark import SparkConf, SparkContext

# The two reports of one part on stdout, one line each. Workers start in folders of their own. Exit status 2 means that some files could not
# be read; the reports name them.
PART = """
cd %(folder)s && sarif=$(mktemp) && trap 'rm -f "$sarif"' EXIT || exit
json=$(%(program)s check --stdin-filelist --fail-on never --quiet --format json --format sarif="$sarif") || [ $? = 2 ] || exit 3
tr -d '\\n' <<<"$json" && echo && tr -d '\\n' <"$sarif" && echo
"""


def joined(reports: list[dict]) -> dict:
    """The JSON reports of all parts as one."""
    summary = {key: sum(report["summary"][key] for report in reports) for key in reports[0]["summary"]}
    return reports[0] | {"projects": [project for report in reports for project in report["projects"]], "summary": summary}


def joined_logs(logs: list[dict]) -> dict:
    """The SARIF logs of all parts as one. All have the same rules, so that the indices of rules hold."""
    runs = [log["runs"][0] for log in logs]
    invocations = [run["invocations"][0] for run in runs]
    invocation = invocations[0] | {"executionSuccessful": all(one["executionSuccessful"] for one in invocations)}
    notifications = [it for one in invocations for it in one.get("toolExecutionNotifications", [])]
    if notifications:
        invocation["toolExecutionNotifications"] = notifications
    results = [result for run in runs for result in run["results"]]
    return logs[0] | {"runs": [runs[0] | {"invocations": [invocation], "results": results}]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("list", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--program", default="trustpub")
    parser.add_argument("--parts", type=int, default=8)
    parser.add_argument("--master", default="local-cluster[2,1,1024]")
    arguments = parser.parse_args()
    paths = [line for line in arguments.list.read_text().splitlines() if line]
    conf = SparkConf().setMaster(arguments.master).setAppName("trustpub").set("spark.ui.enabled", "false")
    context = SparkContext(conf=conf.setIfMissing("spark.executor.memory", "512m"))
    values = {"program": shlex.quote(arguments.program), "folder": shlex.quote(str(pathlib.Path.cwd()))}
    command = "bash -o pipefail -c " + shlex.quote(PART % values)
    parts = context.parallelize(paths, arguments.parts).pipe(command, checkCode=True).glom().collect()
    context.stop()
    reports = [[json.loads(line) for line in part] for part in parts if part]
    report, log = joined([report for report, _ in reports]), joined_logs([log for _, log in reports])
    arguments.folder.mkdir(parents=True, exist_ok=True)
    (arguments.folder / "report.json").write_text(json.dumps(report))
    (arguments.folder / "report.sarif").write_text(json.dumps(log))
    print(f"{len(paths)} paths in {len(reports)} parts, {len(log['runs'][0]['results'])} findings")


if __name__ == "__main__":
    main()
