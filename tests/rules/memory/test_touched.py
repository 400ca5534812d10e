"""A diff tells which functions it touches."""

from kernel_opt.rules.memory.touched import MOST, find_functions

DIFF = """diff --git a/k.py b/k.py
--- a/k.py
+++ b/k.py
@@ -10,3 +10,4 @@ def decode(q, k):
     a = 1
+    b = 2
@@ -40 +41,2 @@ class Tile:
-    def load(self):
+    def load_wide(self):
diff --git a/k.hip b/k.hip
@@ -1,2 +1,2 @@ __global__ void pa_main(float* q)
-x
+y
@@ -9 +9 @@
+z = call(1)
"""


def test_hunks_and_definitions_name_functions() -> None:
    """Where a hunk stands, and what it defines or removes; a call in a line is no touch."""
    assert find_functions(DIFF) == ("decode", "Tile", "load", "load_wide", "pa_main")
    assert find_functions("") == ()


def test_an_edit_of_everything_is_about_nothing() -> None:
    """Only so many are kept."""
    assert len(find_functions("".join(f"+def f{number}():\n" for number in range(99)))) == MOST
