using System.Diagnostics.CodeAnalysis;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.NetlinkH;

namespace FlannelPS.Engine.Netlink;

public sealed partial class RouteSocket
{
    private const int MaxDumps = 12;
    private const int LongestPause = 128; // ms

    /// <summary>How many dumps a change cut through since the socket was opened; each was taken again.</summary>
    internal int InterruptedDumps { get; private set; }

    /// <summary>Writes a request's body and attributes.</summary>
    private delegate void BodyWriter(ref MessageWriter writer);

    /// <summary>Makes a value of a message; false for one that is not asked for.</summary>
    private delegate bool Parser<T>(Message message, [MaybeNullWhen(false)] out T value);

    /// <summary>Reads a whole table. A dump that a change cut through is thrown away and taken again.</summary>
    /// <param name="type">RTM_GET...</param>
    /// <param name="body">Header and filter.</param>
    /// <param name="parse">What to keep.</param>
    /// <param name="isFiltered">Whether the filter names a device: one that is gone has nothing.</param>
    private List<T> Dump<T>(ushort type, BodyWriter body, Parser<T> parse, bool isFiltered = false)
    {
        lock (_gate)
        {
            var found = new List<T>();
            for (var i = 0; i < MaxDumps; i++)
            {
                found.Clear();
                // The change is often a burst; after two quick attempts let it pass: 1, 2, ... 128 ms, half a second in all.
                if (i >= 2)
                    Thread.Sleep(Math.Min(1 << (i - 2), LongestPause));
                Send(type, NLM_F_DUMP, body);
                if (ReadDump(parse, found) is not { } answer)
                {
                    InterruptedDumps++;
                    continue;
                }
                if (answer.Errno == 0)
                    return found;
                if (answer.Errno == Errno.ENODEV && isFiltered)
                    return [];
                // inet_dump_fib(), "FIB table does not exist": it comes into being with its first route.
                if (answer.Errno == Errno.ENOENT && type == RtnetlinkH.RTM_GETROUTE)
                    return [];
                throw new NetlinkException($"{RtnetlinkH.Name(type)} dump", answer.Errno, answer.KernelMessage);
            }
            throw new NetlinkException($"{RtnetlinkH.Name(type)} dump", Errno.EAGAIN, $"changes interrupted it {MaxDumps} times");
        }
    }

    /// <summary>Reads one object.</summary>
    /// <returns>0, or the kernel's refusal.</returns>
    private Answer Get<T>(ushort type, BodyWriter body, Parser<T> parse, out T? value)
    {
        lock (_gate)
        {
            value = default;
            Send(type, 0, body);
            while (true)
            {
                var errno = _socket.Receive(_receive, out var length);
                if (errno != 0)
                    return new(errno == Errno.EAGAIN ? Errno.ENOBUFS : errno, "the answer was lost");
                var messages = new MessageReader(_receive.AsSpan(0, Math.Min(length, _receive.Length)));
                while (messages.TryRead(out var message))
                {
                    if (message.Header.nlmsg_seq != _sequence)
                        continue;
                    if (message.Type == NLMSG_ERROR)
                        return Answer.OfError(message);
                    if (parse(message, out value))
                        return default;
                }
            }
        }
    }

    private void Send(ushort type, ushort flags, BodyWriter body)
    {
        var writer = new MessageWriter(_send);
        writer.Begin(type, (ushort)(flags | NLM_F_REQUEST), unchecked(++_sequence));
        body(ref writer);
        writer.End();
        var errno = _socket.Send(writer.Written);
        if (errno != 0)
            throw new NetlinkException(RtnetlinkH.Name(type), errno, null);
    }

    /// <summary>Reads to the end, also when it is known to be useless: the kernel starts no other dump on this socket before. Null when it is useless.</summary>
    private Answer? ReadDump<T>(Parser<T> parse, List<T> found)
    {
        var isWhole = true;
        while (true)
        {
            var errno = _socket.Receive(_receive, out var length);
            if (errno == Errno.EAGAIN)
                return null;
            if (errno is not (0 or Errno.ENOBUFS))
                return new(errno, "receiving");
            isWhole &= errno == 0 && length <= _receive.Length;
            var messages = new MessageReader(_receive.AsSpan(0, Math.Min(length, _receive.Length)));
            if (length > _receive.Length)
                _receive = new byte[NetlinkH.Align(length)];
            while (messages.TryRead(out var message))
            {
                if (message.Header.nlmsg_seq != _sequence)
                    continue;
                isWhole &= (message.Header.nlmsg_flags & NLM_F_DUMP_INTR) == 0;
                if (message.Type == NLMSG_ERROR)
                    return Answer.OfError(message);
                if (message.Type == NLMSG_DONE)
                {
                    var answer = Answer.OfDone(message);
                    return isWhole || answer.Errno != 0 ? answer : null;
                }
                if (isWhole && parse(message, out var value))
                    found.Add(value);
            }
        }
    }
}
