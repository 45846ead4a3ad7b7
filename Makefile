# `make` alone says what there is. TICK=100ms shortens the seconds of the counting lessons.

CARGO ?= cargo
TICK ?= 1s

.PHONY: help build lessons lesson-1 lesson-2 lesson-3 lesson-4 test check bless soak drills bench
.PHONY: exercise-1 exercise-2 exercise-3 exercise-4

# The lessons have an order, also under `make -j`.
.NOTPARALLEL:

help:
	@echo 'make lessons            run the four lessons in order (TICK=100ms to hurry)'
	@echo 'make lesson-1           two threads share one counter'
	@echo 'make lesson-2           two processes have a counter each'
	@echo 'make lesson-3           a queue: each message goes to one worker'
	@echo 'make lesson-4           a pipe: a question and its answer'
	@echo 'make exercise-1         how the exercise of lesson 1 stands; also -2, -3, -4'
	@echo 'make test               every test'
	@echo 'make check              format, lints, tests and documentation, with warnings denied'
	@echo 'make bless              write what the programs print into the pages'
	@echo 'make drills             the long drills: kills, stops and limits at many moments, ten minutes'
	@echo 'make bench              measure beside CPython and other crates; writes BENCHMARKS.md'
	@echo 'make soak               each lesson 200 times, free, on one CPU and beside a busy loop'

build:
	@$(CARGO) build --workspace --bins

lessons: lesson-1 lesson-2 lesson-3 lesson-4

# What the lesson prints goes to stdout; everything around it to stderr.
lesson-1: build
	@echo 'Lesson 1: two threads share one counter. Look at what the first worker, who makes 15 steps, finds there.' >&2
	@$(CARGO) run --quiet -p threads_counter -- --tick '$(TICK)'
	@echo 'You saw one counter: the last worker counts the steps of both.' >&2

lesson-2: build
	@echo 'Lesson 2: two processes have a counter each. Look whether either finds the steps of the other.' >&2
	@$(CARGO) run --quiet -p process_counter -- --tick '$(TICK)'
	@echo 'You saw two counters: each worker counts its own steps only.' >&2

lesson-3: build
	@echo 'Lesson 3: a queue, where each message goes to one worker. Look who gets which.' >&2
	@$(CARGO) run --quiet -p queue
	@echo 'You saw each message once. Who gets which is not determined: run it again.' >&2

lesson-4: build
	@echo 'Lesson 4: a pipe, with a question and its answer. Look who prints what.' >&2
	@$(CARGO) run --quiet -p pipe
	@echo 'You saw both directions of one pipe: the worker prints the question, main the answer.' >&2

# Fails until the exercise of that lesson is solved.
exercise-1: PACKAGE = threads_counter
exercise-2: PACKAGE = process_counter
exercise-3: PACKAGE = queue
exercise-4: PACKAGE = pipe
exercise-1 exercise-2 exercise-3 exercise-4: exercise-%:
	@$(CARGO) test --quiet -p $(PACKAGE) --test lesson -- --ignored exercise
	@echo 'Exercise $* is solved.' >&2

test:
	$(CARGO) test --workspace

check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy -p shared -- -D warnings # the library alone, without the lessons' part
	$(MAKE) test
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps

# The tests of the pages only compare; the outcomes of a race are written by hand.
bless:
	BLESS=1 $(CARGO) test --workspace --no-fail-fast --test pages -- every_fence

soak:
	python3 tests/soak.py

drills:
	DRILLS=long $(CARGO) test -p shared --test drills
	DRILLS=long $(CARGO) test --test ctrl_c

bench:
	$(CARGO) bench --manifest-path tests/bench/Cargo.toml -- $(BENCH)
