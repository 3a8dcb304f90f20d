using System.Runtime.InteropServices;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink.Wire;
using static FlannelPS.Engine.Netlink.Wire.NetlinkH;

namespace FlannelPS.Engine.Netlink;

public sealed partial class RouteSocket
{
    private const int MaxBatch = 200;              // 1000 refusals overflow a default receive buffer, 200 do not
    private const int MaxRequestLength = 512;      // a vxlan device needs about 300 bytes, a route 80

    /// <summary>Carries out the requests in order. One that fails does not stop those behind it.</summary>
    /// <param name="requests">Taken one by one while sending; need not exist all at once.</param>
    /// <returns>The refused ones, in order, also those that are <see cref="NetlinkFailure.IsAlreadyDone"/>; empty when all went well.</returns>
    /// <exception cref="NetlinkException">The socket itself failed.</exception>
    public IReadOnlyList<NetlinkFailure> Execute(IEnumerable<NetlinkRequest> requests)
    {
        var failures = new Failures(this);
        var chunk = new NetlinkRequest[MaxBatch];
        var count = 0;
        var first = 0;
        foreach (var request in requests)
        {
            chunk[count++] = request;
            if (count < MaxBatch)
                continue;
            ExecuteChunk(chunk, first, failures);
            first += count;
            count = 0;
        }
        ExecuteChunk(chunk.AsSpan(0, count), first, failures);
        return failures.Found;
    }

    /// <summary>Carries out one request.</summary>
    /// <exception cref="NetlinkException">The kernel refused, also where it <see cref="NetlinkException.IsAlreadyDone"/>, or the socket itself failed.</exception>
    public void Execute(NetlinkRequest request)
    {
        foreach (var failure in Execute([request]))
            throw failure.ToException();
    }

    private void ExecuteChunk(ReadOnlySpan<NetlinkRequest> requests, int first, Failures failures)
    {
        lock (_gate)
        {
            for (var done = 0; done < requests.Length;)
                done += Send(requests[done..], first + done, failures);
        }
    }

    /// <summary>Sends as many as fit into one datagram, and collects the refusals. Returns how many.</summary>
    /// <remarks>Only the last asks for an acknowledgement: a refusal is told without being asked for, and all that comes before the
    /// last's answer belongs to the others.</remarks>
    private int Send(ReadOnlySpan<NetlinkRequest> requests, int first, Failures failures)
    {
        var writer = new MessageWriter(_send);
        var firstSequence = unchecked(_sequence + 1);
        var count = 0;
        while (count < requests.Length && writer.Remaining >= MaxRequestLength)
        {
            var request = requests[count++];
            var isLast = count == requests.Length || writer.Remaining < 2 * MaxRequestLength;
            writer.Begin(request.Type, (ushort)(request.Flags | NLM_F_REQUEST | (isLast ? NLM_F_ACK : 0)), unchecked(++_sequence));
            request.Write(ref writer);
            writer.End();
            if (isLast)
                break;
        }
        var errno = _socket.Send(writer.Written);
        if (errno != 0)
            throw new NetlinkException($"sending {count} requests, the first {requests[0]}", errno, null);
        var refused = new Dictionary<int, Answer>();
        if (!CollectRefusals(firstSequence, count, refused))
            RepeatOneByOne(requests[..count], refused);
        foreach (var (index, answer) in refused.OrderBy(refusal => refusal.Key))
            failures.Add(first + index, requests[index], answer);
        return count;
    }

    /// <summary>False when answers were lost, so that what was not refused may have been.</summary>
    private bool CollectRefusals(uint firstSequence, int count, Dictionary<int, Answer> refused)
    {
        var isComplete = true;
        while (true)
        {
            var errno = _socket.Receive(_receive, out var length);
            if (errno == Errno.EAGAIN)
                return false;
            if (errno is not (0 or Errno.ENOBUFS))
                throw new NetlinkException("receiving answers", errno, null);
            // The kernel drops everything for a socket that overflowed, until that is read empty: go on to the end.
            isComplete &= errno == 0;
            var messages = new MessageReader(_receive.AsSpan(0, Math.Min(length, _receive.Length)));
            while (messages.TryRead(out var message))
            {
                var index = unchecked(message.Header.nlmsg_seq - firstSequence);
                if (message.Type != NLMSG_ERROR || index >= (uint)count)
                    continue;
                var answer = Answer.OfError(message);
                if (answer.Errno != 0)
                    refused[(int)index] = answer;
                if (index == (uint)count - 1 && isComplete)
                    return true;
            }
        }
    }

    /// <summary>Answers were lost: asks again, one request at a time, which any buffer can hold. What was carried out before says "exists" or "not there" now.</summary>
    private void RepeatOneByOne(ReadOnlySpan<NetlinkRequest> requests, Dictionary<int, Answer> refused)
    {
        for (var i = 0; i < requests.Length; i++)
        {
            if (refused.ContainsKey(i))
                continue;
            var writer = new MessageWriter(_send);
            writer.Begin(requests[i].Type, (ushort)(requests[i].Flags | NLM_F_REQUEST | NLM_F_ACK), unchecked(++_sequence));
            requests[i].Write(ref writer);
            writer.End();
            var errno = _socket.Send(writer.Written);
            var answers = new Dictionary<int, Answer>();
            if (errno != 0 || !CollectRefusals(_sequence, 1, answers))
                refused[i] = new(errno != 0 ? errno : Errno.ENOBUFS, "the answer was lost");
            else if (answers.TryGetValue(0, out var answer) && !requests[i].MeansAlreadyDone(answer.Errno))
                refused[i] = answer;
        }
    }

    /// <summary>What failed in one call, with the devices' names, each asked for once.</summary>
    private sealed class Failures(RouteSocket socket)
    {
        private readonly Dictionary<int, string?> _names = [];
        private List<NetlinkFailure>? _found;

        internal IReadOnlyList<NetlinkFailure> Found => _found is null ? [] : _found;

        internal void Add(int index, NetlinkRequest request, Answer answer)
            => (_found ??= []).Add(new(index, request, answer.Errno, answer.KernelMessage, Name(request.Device)));

        private string? Name(int device)
        {
            if (device == 0)
                return null;
            ref var name = ref CollectionsMarshal.GetValueRefOrAddDefault(_names, device, out var known);
            return known ? name : name = socket.FindLink(device)?.Name;
        }
    }
}
