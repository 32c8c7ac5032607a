// The first tests of Rooms land with its first sources.
