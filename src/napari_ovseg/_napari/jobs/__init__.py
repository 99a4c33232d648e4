"""What runs in the background, one job at a time: a run, an update, a search for names.

Each job has a request (plain data, gathered on the main thread), steps that a worker thread carries out and
of which it tells by `events`, and an object on the main thread that shows what came of it: `run` and `runs`,
`update` and `updates`, `suggest` and `suggesting`. `runner` runs them, `engine` is what they call.
"""
