// The first tests of WebSocket land with its first sources.
