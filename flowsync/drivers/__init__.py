"""What Git calls for definitions: a merge driver and a diff driver, and their installation.

These start once per file in the middle of the user's merge, so they import no GitPython, azure, textual or watchdog,
and whatever goes wrong they leave what Git itself would have left.
"""
