from __future__ import annotations

from hypothesis import settings

# A busy machine is no bug: pytest's own timeout ends a test that hangs.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
