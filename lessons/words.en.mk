# What make says in English.

define HELP
make lessons       run the six lessons in order (TICK=100ms: faster)
make lesson-1      two threads share one counter
make lesson-2      two processes have a counter each
make lesson-3      a queue: each message goes to one worker
make lesson-4      a pipe: a question and its answer
make lesson-5      two processes share one counter
make lesson-6      a pool: workers that stay
make exercises     which exercises are done
make exercise-1    how the exercise of lesson 1 stands; also -2 -3 -4 -5 -6
make project       the same of the last project
make COURSE=ru     всё по-русски

make test          every test
make check         format, lints, tests and documentation without warnings
make bless         write what the programs print into the pages
make drills        the long drills: kills, stops and limits (ten minutes)
make bench         compare with CPython and other crates (BENCHMARKS.md)
make soak          each lesson 200 times on a free and on a busy machine
endef

NO_CARGO = There is no $(CARGO). To install Rust: https://rustup.rs

# No line is wider than the 80 columns of a terminal.
BEFORE_1 = Lesson 1: two threads share one counter. The first worker makes 15 steps.
AFTER_1 = You saw one counter: the last worker finds the steps of both in it.
BEFORE_2 = Lesson 2: two processes have a counter each. Does either see the other?
AFTER_2 = You saw two counters: each worker finds its own steps only.
BEFORE_3 = Lesson 3: a queue. Which worker gets which message?
AFTER_3 = Each message went to one worker. Which one is not determined.
BEFORE_4 = Lesson 4: a pipe. Who prints what?
AFTER_4 = A pipe has two directions: the worker prints the question, main the answer.
BEFORE_5 = Lesson 5: two processes share one counter. Does the parent see it?
AFTER_5 = You saw one counter in shared memory: the parent sees the steps of both.
BEFORE_6 = Lesson 6: a pool. Two functions, and one task that goes wrong.
AFTER_6 = The values came in order; the error took the place of its own value only.
