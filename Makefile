# `make` alone says what there is. TICK=100ms shortens the seconds of the counting lessons.

CARGO ?= cargo
TICK ?= 1s

.PHONY: help build lessons lesson-1 lesson-2 lesson-3 lesson-4 test check soak

# The lessons have an order, also under `make -j`.
.NOTPARALLEL:

help:
	@echo 'make lessons            run the four lessons in order (TICK=100ms to hurry)'
	@echo 'make lesson-1           two threads share one counter'
	@echo 'make lesson-2           two processes have a counter each'
	@echo 'make lesson-3           a queue: each message goes to one worker'
	@echo 'make lesson-4           a pipe: a question and its answer'
	@echo 'make test               every test'
	@echo 'make check              format, lints, tests and documentation, with warnings denied'
	@echo 'make soak               each lesson 200 times, free, on one CPU and beside a busy loop'

build:
	@$(CARGO) build --workspace --bins

lessons: lesson-1 lesson-2 lesson-3 lesson-4

# What the lesson prints goes to stdout; everything around it to stderr.
lesson-1: build
	@echo 'Lesson 1: two threads share one counter' >&2
	@$(CARGO) run --quiet -p threads_counter -- --tick '$(TICK)'

lesson-2: build
	@echo 'Lesson 2: two processes have a counter each' >&2
	@$(CARGO) run --quiet -p process_counter -- --tick '$(TICK)'

lesson-3: build
	@echo 'Lesson 3: a queue, where each message goes to one worker' >&2
	@$(CARGO) run --quiet -p queue

lesson-4: build
	@echo 'Lesson 4: a pipe, with a question and its answer' >&2
	@$(CARGO) run --quiet -p pipe

test:
	$(CARGO) test --workspace

check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy -p shared -- -D warnings # the library alone, without the lessons' part
	$(MAKE) test
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps

soak:
	python3 tests/soak.py
