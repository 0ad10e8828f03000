;; Each task of `run` waits for two timers at once. When the first ends, it starts a third. It ends with the last.
(component
  (import "wasi:clocks/monotonic-clock@0.3.0" (instance $clock
    (export "wait-for" (func async (param "how-long" u64)))))

  (core module $code
    (import "wasi" "wait" (func $wait (param i64) (result i32)))
    (import "wasi" "task-return" (func $task-return))
    (import "wasi" "context-get" (func $context-get (result i32)))
    (import "wasi" "context-set" (func $context-set (param i32)))
    (import "wasi" "set-new" (func $set-new (result i32)))
    (import "wasi" "set-drop" (func $set-drop (param i32)))
    (import "wasi" "join" (func $join (param i32 i32)))
    (import "wasi" "subtask-drop" (func $subtask-drop (param i32)))

    ;; Starts a timer, and adds its subtask to the set.
    (func $start (param $ns i64) (param $set i32)
      (call $join (i32.shr_u (call $wait (local.get $ns)) (i32.const 4)) (local.get $set)))

    ;; The callback code WAIT with the set.
    (func $wait-for (param $set i32) (result i32)
      (i32.or (i32.shl (local.get $set) (i32.const 4)) (i32.const 2)))

    (func (export "run") (result i32)
      (local $set i32)
      (local.set $set (call $set-new))
      ;; The context of the task: the set, and the number of timers that have ended.
      (call $context-set (i32.shl (local.get $set) (i32.const 4)))
      (call $start (i64.const 1_000_000) (local.get $set))
      (call $start (i64.const 100_000_000) (local.get $set))
      (call $wait-for (local.get $set)))

    (func (export "callback") (param $event i32) (param $subtask i32) (param $state i32) (result i32)
      (local $ended i32) (local $set i32)
      (call $subtask-drop (local.get $subtask))
      (call $context-set (i32.add (call $context-get) (i32.const 1)))
      (local.set $ended (i32.and (call $context-get) (i32.const 15)))
      (local.set $set (i32.shr_u (call $context-get) (i32.const 4)))
      (if (i32.eq (local.get $ended) (i32.const 3))
        (then
          (call $set-drop (local.get $set))
          (call $task-return)
          (return (i32.const 0))))
      (if (i32.eq (local.get $ended) (i32.const 1))
        (then (call $start (i64.const 1_000_000) (local.get $set))))
      (call $wait-for (local.get $set))))

  (core func $wait (canon lower (func $clock "wait-for") async))
  (core func $task-return (canon task.return))
  (core func $context-get (canon context.get i32 0))
  (core func $context-set (canon context.set i32 0))
  (core func $set-new (canon waitable-set.new))
  (core func $set-drop (canon waitable-set.drop))
  (core func $join (canon waitable.join))
  (core func $subtask-drop (canon subtask.drop))
  (core instance $i (instantiate $code (with "wasi" (instance
    (export "wait" (func $wait))
    (export "task-return" (func $task-return))
    (export "context-get" (func $context-get))
    (export "context-set" (func $context-set))
    (export "set-new" (func $set-new))
    (export "set-drop" (func $set-drop))
    (export "join" (func $join))
    (export "subtask-drop" (func $subtask-drop))))))
  (func (export "run") async (canon lift (core func $i "run") async (callback (core func $i "callback")))))
