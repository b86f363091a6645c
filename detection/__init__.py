"""The shared detection engine: mail -> signals -> detectors -> decision. Pure: no database, no network, no Prefect."""
