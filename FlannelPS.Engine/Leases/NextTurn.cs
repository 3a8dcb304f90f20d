namespace FlannelPS.Engine.Leases;

/// <summary>Those who wait for a loop's next whole turn. Whoever asks while a turn is under way gets the one after it.</summary>
internal sealed class NextTurn<T>
{
    private readonly object _gate = new();
    private TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource<T>? _answer;

    /// <summary>Completes when somebody asks; for the loop to wait on.</summary>
    public Task Asked
    {
        get
        {
            lock (_gate)
                return _asked.Task;
        }
    }

    /// <summary>Asks for a turn, and waits for what it gives. Never completes when the loop has ended.</summary>
    public Task<T> AskAsync()
    {
        lock (_gate)
        {
            _answer ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            _asked.TrySetResult();
            return _answer.Task;
        }
    }

    /// <summary>Begins a turn: those who have asked until now; null for nobody. The loop answers them at its end.</summary>
    public TaskCompletionSource<T>? Take()
    {
        lock (_gate)
        {
            var taken = _answer;
            if (taken is not null)
                (_answer, _asked) = (null, new(TaskCreationOptions.RunContinuationsAsynchronously));
            return taken;
        }
    }
}
