"""A rehearsal of an incident on the small service, whose parts can be replaced."""

import drill_stage

from drills.incident.steps import StartMonitoring

DOWN = {
    "alert": "ShopDown",
    "expr": 'up{job="shop"} == 0',
    "for": "2s",
    "labels": {"severity": "page", "service": "shop"},
    "annotations": {"runbook_url": "runbooks/rollback.md", "summary": "The shop cannot be scraped"},
}


def rehearsal_spec(rules, **changes):
    """The drill; keyword arguments replace parts of it. A loaded machine may take its time: nothing here is about speed."""
    watching = {"action": "start_monitoring", "name": "route", "rules": str(rules), "job": "shop", "within": "60s"}
    return drill_stage.crash_spec(
        **{
            "evidence": "own-drill",
            "storm": {"profile": "fake", "payments": 1500},
            "setup": [{"action": "seed"}, {"action": "start_service"}, {"action": "start_storm"}, watching],
            "steady_state": {"within": "30s", "probes": [{"probe": "ready"}]},
            "method": [
                {"action": "control_run", "lasting": "2s"},
                {"action": "sigkill", "name": "kill"},
                {
                    "action": "await_page",
                    "within": "60s",
                    "alert": {"alertname": "ShopDown"},
                    "exact": {"when": "down", "up": 'up{job="shop"}', "lasting": "2s"},
                    "late": "60s",
                },
                {"action": "acknowledge_page"},
            ],
            "rollback": [{"action": "restore_service"}],
            "verify": [
                {"action": "await_resolved", "within": "60s"},
                {"action": "judge_pages"},
                {"action": "wait_storm", "within": "120s"},
                {"action": "audit"},
            ],
            "guards": [],
            **changes,
        }
    )


def with_setup(spec, **changes):
    """The same drill, whose step that starts the monitoring has other members."""
    steps = [step | changes if step["action"] == StartMonitoring.__struct_config__.tag else step for step in spec["setup"]]
    return {**spec, "setup": steps}
