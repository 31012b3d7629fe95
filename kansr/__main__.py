"""`python -m kansr`: the command line without its script."""

from __future__ import annotations

from kansr.cli.main import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
