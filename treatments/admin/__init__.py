from treatments.admin import catalogue, index, people, records, rulebook, visits

__all__ = ["catalogue", "index", "people", "records", "rulebook", "visits"]
