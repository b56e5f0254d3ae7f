"""Coverage-guided fuzzing of everything that reads what strangers write, with atheris.

One target a module in ``targets``; what has led to new places in the code is kept in ``corpus``. See ``__main__``.
"""
