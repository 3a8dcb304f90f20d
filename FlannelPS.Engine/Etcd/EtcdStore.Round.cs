using FlannelPS.Engine.Etcd.Grpc;
using Google.Protobuf;

namespace FlannelPS.Engine.Etcd;

internal sealed partial class EtcdStore
{
    /// <summary>One call on its way over the endpoints: where it is, how long it may still take, and whether it may go on.</summary>
    private sealed class Round(EtcdStore store, EtcdCall call, string what)
    {
        private readonly long _began = store._time.GetTimestamp();
        private readonly int _first = Volatile.Read(ref store._preferred);
        private Dictionary<EtcdEndpoint, GrpcException>? _failures;
        private TimeSpan _backOff = store._settings.BackOff;
        private int _attempts;
        private int _tokenRefusals;
        private bool _connected;

        private Dictionary<EtcdEndpoint, GrpcException> Failures => _failures ??= [];    // most calls have none

        /// <summary>Whose turn it is.</summary>
        public EtcdEndpoint Endpoint => store._endpoints[(_first + _attempts) % store._endpoints.Length];

        private bool FirstPass => _attempts < store._endpoints.Length - 1;

        private TimeSpan Rest => store._options.CallTimeout - store._time.GetElapsedTime(_began);

        /// <summary>The request's bytes.</summary>
        /// <exception cref="StoreException">It is larger than etcd takes.</exception>
        public byte[] Encode(IMessage request)
        {
            try
            {
                return GrpcFrame.Encode(request);
            }
            catch (GrpcException e)
            {
                throw EtcdErrors.Store(call, what, Endpoint.ToString(), e);
            }
        }

        /// <summary>The next attempt's terms.</summary>
        public GrpcCall Call(string? token)
        {
            var rest = Rest;
            // An endpoint whose connection takes its time shall not hold up the call while there are others to ask; nothing is lost, it goes on connecting.
            var patience = FirstPass && store._settings.ConnectPatience < rest ? store._settings.ConnectPatience : rest;
            return new GrpcCall(Path(call), Positive(rest), Positive(patience), token, RequireLeader: call is not (EtcdCall.Status or EtcdCall.Authenticate));
        }

        /// <summary>Settles what follows from a failure: goes on to the next attempt, or throws.</summary>
        public async Task NextAsync(GrpcException failure, string? token, CancellationToken cancellationToken)
        {
            var endpoint = Endpoint;
            Failures[endpoint] = failure;
            if (failure.FromServer && EtcdErrors.WantsNewToken(failure.Message) && store.HasUser && call != EtcdCall.Authenticate)
            {
                await NewTokenAsync(failure, token, cancellationToken).ConfigureAwait(false);
                return;
            }
            _connected |= !failure.NotProcessed;
            if (!failure.FromServer || EtcdErrors.Kind(failure) == StoreFailure.NoLeader)
            {
                store.Avoid(endpoint);
            }
            _attempts++;
            var passes = _attempts / store._endpoints.Length;
            var passEnded = _attempts % store._endpoints.Length == 0;
            if (!RetryRules.MayRepeat(call, failure)
                || Rest <= TimeSpan.Zero
                || (passEnded && !_connected && (passes >= store._settings.MaxUnconnectedPasses || Failures.Values.All(one => one.Tls))))
            {
                throw GiveUp(endpoint, failure);
            }
            store._logger.TryingOn(call.ToString(), endpoint.ToString(), failure.Message);
            if (passEnded)
            {
                await WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        /// <summary>
        /// A new token, once. A second refusal waits a moment, since a simple token may reach a member later than its user; the third is final (F14).
        /// The refusal came before the request was looked at, so this holds for writes too.
        /// </summary>
        private async Task NewTokenAsync(GrpcException failure, string? token, CancellationToken cancellationToken)
        {
            switch (_tokenRefusals++)
            {
                case 0:
                    await store.RenewTokenAsync(token, cancellationToken).ConfigureAwait(false);
                    break;
                case 1 when Rest > TimeSpan.Zero:
                    await Task.Delay(store._settings.MaxBackOff, store._time, cancellationToken).ConfigureAwait(false);
                    break;
                default:
                    throw GiveUp(Endpoint, failure);
            }
        }

        private async Task WaitAsync(CancellationToken cancellationToken)
        {
            var wait = _backOff * (0.9 + 0.2 * Random.Shared.NextDouble());
            _backOff = _backOff * 2 < store._settings.MaxBackOff ? _backOff * 2 : store._settings.MaxBackOff;
            await Task.Delay(wait < Rest ? wait : Positive(Rest), store._time, cancellationToken).ConfigureAwait(false);
        }

        private StoreException GiveUp(EtcdEndpoint endpoint, GrpcException failure)
        {
            // What is said last need not be what matters: a wrong certificate or a lost quorum tells more than a refused connection.
            if (!RetryRules.IsAmbiguous(call, failure) && !failure.FromServer)
            {
                var telling = Failures.OrderBy(pair => EtcdErrors.Kind(pair.Value) switch
                {
                    StoreFailure.Tls => 0,
                    StoreFailure.NoLeader => 1,
                    _ => 2,
                }).First();
                if (EtcdErrors.Kind(telling.Value) != StoreFailure.Unreachable)
                {
                    (endpoint, failure) = (telling.Key, telling.Value);
                }
            }
            var others = string.Concat(Failures.Where(pair => pair.Key != endpoint).Select(pair => $"; {pair.Key}: {pair.Value.Message}"));
            return EtcdErrors.Store(call, what, endpoint.ToString(), failure, others);
        }

        private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.FromMilliseconds(1) ? time : TimeSpan.FromMilliseconds(1);
    }
}
