from tests.treatments.guards.world import world

__all__ = ["world"]
