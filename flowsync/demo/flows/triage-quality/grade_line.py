from promptflow.core import tool

PRIORITIES = ["low", "normal", "high"]


@tool
def grade_line(team: str, priority: str, right_team: str, right_priority: str) -> dict:
    """Returns the marks for one letter, from 0 to 1, and by how many steps its priority was too high (below 0: low)."""
    steps = PRIORITIES.index(priority) - PRIORITIES.index(right_priority)
    team_mark = 1.0 if team == right_team else 0.0
    priority_mark = max(0.0, 1 - abs(steps) / 2)
    return {"team": team_mark, "priority": priority_mark, "steps": steps, "score": (team_mark + priority_mark) / 2}
