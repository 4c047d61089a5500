from promptflow.core import log_metric, tool


@tool
def summarise(grades: list) -> dict:
    """Logs and returns the mean marks of all letters that could be graded."""
    if not grades:
        raise ValueError("No letter could be graded: every line of the run failed.")
    means = {
        "team_accuracy": sum(grade["team"] for grade in grades) / len(grades),
        "priority_score": sum(grade["priority"] for grade in grades) / len(grades),
    }
    for name, value in means.items():
        log_metric(name, round(value, 3))
    return means
