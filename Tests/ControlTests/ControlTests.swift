// The first tests of Control land with its first sources.
