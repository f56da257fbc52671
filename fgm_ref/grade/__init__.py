"""Grade the assignments of one student or of a class: `python -m fgm_ref.grade SUBMISSION_DIR --seed S`.

From the inside outwards:

    integrity.py     are NumPy, pytest and the tests still what they were?
    seal.py          modules that notice when they are changed
    guard.py         the audit hook: what a submission may ask the system for
    inside.py        pytest with both, reporting test by test
    child.py         the program that does this in a process of its own, under limits

    harness.py       the instructor's tests, and the copies of them
    sandbox.py       a folder for each grading, and what its process is told
    process.py       start the child, listen to it, end it, by the clock of clock.py
    verdict.py       what it said, as a grade: result.py
    journal.py       grades that are never lost
    batch.py         many of them in parallel

    names.py         what the name of a file says
    folders.py       every file below a folder
    notebook.py      the program in a notebook
    handed_in.py     what was handed in for one assignment
    choice.py        one file of several
    student.py       one student's folder
    submissions.py   one student, or a class
    ids.py           the students' numbers

    table.py         scores and the leaderboard; as JSON and CSV: export.py
    feedback.py      a text for each student

A submission is imported in the child only.  What this cannot prevent is in tutorials/assignments/teaching.md.
"""
