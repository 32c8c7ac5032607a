// The first tests of Telemetry land with its first sources.
