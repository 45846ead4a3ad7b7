//! What each program shows, in one line: the first of its `--help`.
//!
//! They stand here and not in the programs, which are to be read as lessons.

use super::Text;

const PROGRAMS: &[(&str, Text)] = &[
    (
        "threads_counter",
        Text::new(
            "Урок 1: два потока увеличивают один и тот же счётчик",
            "Lesson 1: two threads add to one counter",
        ),
    ),
    (
        "thread_control",
        Text::new("Можно ли остановить поток принудительно?", "Can a thread be stopped by force?"),
    ),
    (
        "process_counter",
        Text::new(
            "Урок 2: у двух процессов два разных счётчика",
            "Lesson 2: two processes have a counter each",
        ),
    ),
    (
        "no_guard",
        Text::new(
            "Урок 2 без проверки main_guard! в начале main",
            "Lesson 2 without the guard at the start of main",
        ),
    ),
    (
        "no_join",
        Text::new(
            "Урок 2 без join: рабочих никто не ждёт",
            "Lesson 2 without join: nobody waits for the workers",
        ),
    ),
    (
        "process_class",
        Text::new(
            "Процесс из значения своего типа, с методом run",
            "A process from a type of one's own, with its run",
        ),
    ),
    (
        "process_control",
        Text::new(
            "Жив ли процесс и как его остановить принудительно",
            "Is a process alive, and how is it stopped by force",
        ),
    ),
    (
        "parallel",
        Text::new(
            "Насколько быстрее два потока и два процесса и чего они стоят",
            "How much faster two threads and two processes are, and what they cost",
        ),
    ),
    (
        "queue",
        Text::new(
            "Урок 3: очередь, где каждое сообщение достаётся одному рабочему",
            "Lesson 3: a queue, where each message goes to one worker",
        ),
    ),
    (
        "child_to_child",
        Text::new(
            "Очередь от одного дочернего процесса к другому",
            "A queue from one child to another",
        ),
    ),
    (
        "killed_worker",
        Text::new(
            "Что станет с сообщением, если рабочего убили",
            "What becomes of the message of a worker that is killed",
        ),
    ),
    (
        "join_first",
        Text::new(
            "Сначала дождаться рабочего, потом читать его сообщения",
            "Wait for a worker first, then read what it put",
        ),
    ),
    (
        "pipe",
        Text::new(
            "Урок 4: канал (pipe), вопрос и ответ",
            "Lesson 4: a pipe, a question and its answer",
        ),
    ),
    (
        "closed_end",
        Text::new(
            "Что видит одна сторона канала, когда другой не стало",
            "What one side of a pipe sees when the other is gone",
        ),
    ),
    (
        "unpacking",
        Text::new(
            "Функция возвращает два значения, их разбирают по переменным",
            "A function returns two values, and they are taken apart",
        ),
    ),
    (
        "shared_counter",
        Text::new("Урок 5: два процесса, общий счётчик", "Lesson 5: two processes, one counter"),
    ),
    (
        "forgotten_lock",
        Text::new(
            "Что будет со счётчиком без блокировки и с ней",
            "What becomes of a counter without a lock, and with one",
        ),
    ),
    (
        "killed_holder",
        Text::new(
            "Что будет, если процесс убит с блокировкой",
            "What becomes of the lock of a process that is killed",
        ),
    ),
    ("exercise_1", Text::new("Упражнение 1: потерянные шаги", "Exercise 1: steps are lost")),
    ("solution_1", Text::new("Решение упражнения 1", "A solution of exercise 1")),
    (
        "exercise_2",
        Text::new(
            "Упражнение 2: родитель не видит шагов рабочих",
            "Exercise 2: the parent does not see the steps of its workers",
        ),
    ),
    ("solution_2", Text::new("Решение упражнения 2", "A solution of exercise 2")),
    (
        "exercise_3",
        Text::new(
            "Упражнение 3: рабочие уходят слишком рано",
            "Exercise 3: the workers leave too early",
        ),
    ),
    ("solution_3", Text::new("Решение упражнения 3", "A solution of exercise 3")),
    (
        "exercise_4",
        Text::new(
            "Упражнение 4: рабочий отвечает только один раз",
            "Exercise 4: the worker answers only once",
        ),
    ),
    ("solution_4", Text::new("Решение упражнения 4", "A solution of exercise 4")),
    (
        "exercise_5",
        Text::new(
            "Упражнение 5: рабочий убит, остальные сдаются",
            "Exercise 5: a worker is killed, and the others give up",
        ),
    ),
    ("solution_5", Text::new("Решение упражнения 5", "A solution of exercise 5")),
    (
        "word_count",
        Text::new(
            "Последнее задание: два рабочих считают слова в файлах",
            "The last project: two workers count the words of files",
        ),
    ),
    (
        "word_count_solution",
        Text::new("Решение последнего задания", "A solution of the last project"),
    ),
    (
        "pool",
        Text::new(
            "Урок 6: пул рабочих, которые делают одно задание за другим",
            "Lesson 6: a pool of workers that do one task after another",
        ),
    ),
    (
        "killed_task",
        Text::new(
            "Что теряется, когда рабочий пула погибает посреди задания",
            "What is lost when a worker of a pool dies in a task",
        ),
    ),
    (
        "endless",
        Text::new(
            "Сколько чисел берёт imap, если им нет конца",
            "How many numbers imap takes, if they are endless",
        ),
    ),
    (
        "progress",
        Text::new("Индикатор хода работы для заданий пула", "A progress bar for a pool's tasks"),
    ),
    (
        "exercise_6",
        Text::new(
            "Упражнение 6: девять ответов за секунду",
            "Exercise 6: nine answers within a second",
        ),
    ),
    ("solution_6", Text::new("Решение упражнения 6", "Exercise 6, solved")),
];

/// The line of a program; none if it is no program of the course.
pub(super) fn of(program: &str) -> Option<Text> {
    PROGRAMS.iter().find(|(name, _)| *name == program).map(|(_, about)| *about)
}
