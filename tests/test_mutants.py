"""Are the changes that tests must notice the ones a person would make by mistake?"""

import ast

import pytest
from soak.mutants import mutants


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", ["x = a <= b", "x = a >= b"]),
        ("x = a is not b", ["x = a is b"]),
        ("x = a not in b", ["x = a in b"]),
        ("x = (a) == (b)", ["x = (a) != (b)"]),
        ("x = a < b <= c", ["x = a <= b <= c", "x = a >= b <= c", "x = a < b < c", "x = a < b > c"]),
        ("x = a - b * c", ["x = a + b * c", "x = a - b / c"]),
        ("x = a ** b", ["x = a * b"]),
        ("x = a and b or c", ["x = a or b or c", "x = a and b and c"]),
        ("x = not a", ["x = a"]),
        ("x = -a", ["x = a"]),
        ("x = 3", ["x = 2", "x = 4"]),
        ("x = 0.0", ["x = 1.0"]),
        ("x = True", ["x = False"]),
        ("x = None", []),
        ("x = 'good'", ["x = 'XXgood'"]),
        ("x = 'words for a person'", []),
        ("x = f'{a}-{b}'", ['x = ""']),
        ("x = a if b else c", ["x = a if False else c", "x = a if True else c"]),
        ("x = [a for a in b if a]", ["x = [a for a in b if True]"]),
        ("x = min(a, key=b)", ["x = max(a, key=b)", "x = min(a, )"]),
        ("x = f(side='left', dtype=a)", ["x = f( dtype=a)", "x = f(side='right', dtype=a)"]),
        ("if a:\n    b()", ["if False:", "if True:", "pass"]),
        ("while a:\n    break", ["while False:", "continue"]),
        ("for a in b:\n    continue", ["for a in ():", "break"]),
        ("try:\n    a()\nexcept E:\n    x += 1", ["pass", "except ():", "pass", "x -= 1", "x += 0", "x += 2"]),
        ("match a:\n    case B.C:\n        d()", ["case B.C if False:", "pass"]),
        (
            "def f(a: 'B' = 1) -> 'B':\n    '''c'''\n    return a",
            ["def f(a: 'B' = 0) -> 'B':", "def f(a: 'B' = 2) -> 'B':", "return None"],
        ),
        ("def f(a=1):\n    raise E(f'no {a}', 2)", ["def f(a=0):", "def f(a=2):", "pass"]),
        ("@d(1)\nclass A(B, c=2):\n    x: int = 5\n    y: int", ["x: int = 4", "x: int = 6"]),
        ("x = '불량' + b", ["x = 'XX불량' + b", "x = '불량' - b"]),
    ],
)
def test_each_change_is_a_slip_of_the_pen(source: str, expected: list[str]) -> None:
    found = mutants(source.encode())
    assert sorted(mutant.now for mutant in found) == sorted(expected)
    for mutant in found:
        assert ast.dump(ast.parse(mutant.source)) != ast.dump(ast.parse(source))


def test_a_mutant_knows_its_line_and_what_was_there() -> None:
    (mutant, _) = mutants(b"a = b\nx = (c,\n     d < e)\n")
    assert (mutant.line, mutant.was, mutant.now) == (3, "d < e)", "d <= e)")
    assert mutant.source == b"a = b\nx = (c,\n     d <= e)\n"
