%% Erlang beside troupe: the same work by processes and their mailboxes. Reads a size per line from
%% standard input and answers with a line of JSON, the figure in the unit of the case.
-module(erlang_peer).
-export([serve/1]).

serve([Work]) ->
    loop(list_to_atom(Work)).

loop(Work) ->
    case io:get_line("") of
        eof -> halt(0);
        Line ->
            Size = list_to_integer(string:trim(Line)),
            %% In a process of its own, so that no round finds another's heap or mailbox.
            Self = self(),
            {Pid, Ref} = spawn_monitor(fun() -> Self ! {figure, work(Work, Size)} end),
            receive
                {figure, Figure} ->
                    demonitor(Ref, [flush]),
                    io:format("{\"figure\":~w}~n", [float(Figure)]),
                    loop(Work);
                {'DOWN', Ref, process, Pid, Why} ->
                    io:format(standard_error, "~p~n", [Why]),
                    halt(1)
            end
    end.

per_second(Count, Fun) ->
    Start = erlang:monotonic_time(nanosecond),
    Fun(),
    Count * 1000000000 / (erlang:monotonic_time(nanosecond) - Start).

%% One sender, one counter: messages per second.
work(counting, Size) ->
    Counter = spawn_link(fun() -> counter(0) end),
    per_second(Size, fun() ->
        tell(Counter, Size),
        Counter ! {total, self()},
        receive {total, Size} -> ok end
    end);
%% Two processes, one message between them.
work(ping_pong, Size) ->
    Self = self(),
    per_second(Size, fun() ->
        Pong = spawn_link(fun() -> player(Self) end),
        Ping = spawn_link(fun() -> player(Self) end),
        Ping ! {ball, Size, Pong},
        receive done -> ok end,
        Ping ! stop, Pong ! stop
    end);
%% Sequential asks.
work(ask, Size) ->
    Echo = spawn_link(fun() -> echo() end),
    per_second(Size, fun() -> asks(Echo, Size) end);
%% Processes made and given one message.
work(spawn, Size) ->
    Self = self(),
    per_second(Size, fun() ->
        [spawn(fun() -> receive hello -> Self ! started end end) ! hello || _ <- lists:seq(1, Size)],
        [receive started -> ok end || _ <- lists:seq(1, Size)]
    end);
%% A token goes round a ring of 100: hops per second.
work(threadring, Size) ->
    Self = self(),
    First = spawn_link(fun() -> receive {next, Next} -> ring(Next, Self) end end),
    Last = lists:foldl(fun(_, Next) -> spawn_link(fun() -> ring(Next, Self) end) end, First, lists:seq(2, 100)),
    First ! {next, Last},
    per_second(Size, fun() -> First ! {token, Size}, receive done -> ok end end);
%% 60 processes, each pings a random other one and waits for the pong: pings per second.
work(big, Size) ->
    Self = self(),
    Count = 60,
    Pings = Size div Count,
    Pids = [spawn_link(fun() -> big_wait(Self, Pings) end) || _ <- lists:seq(1, Count)],
    Table = list_to_tuple(Pids),
    per_second(Pings * Count, fun() ->
        [Pid ! {go, Table} || Pid <- Pids],
        [receive big_done -> ok end || _ <- Pids],
        [Pid ! stop || Pid <- Pids]
    end);
%% 40 producers, 40 consumers, a buffer of 50: items per second.
work(bounded_buffer, Size) ->
    Self = self(),
    Count = 40,
    Items = Size div Count,
    Buffer = spawn_link(fun() -> buffer(queue:new(), 0, queue:new(), queue:new()) end),
    per_second(Items * Count, fun() ->
        [spawn_link(fun() -> consume(Buffer, Self, Items) end) || _ <- lists:seq(1, Count)],
        [spawn_link(fun() -> produce(Buffer, Items) end) || _ <- lists:seq(1, Count)],
        Sum = lists:sum([receive {consumed, N} -> N end || _ <- lists:seq(1, Count)]),
        Sum = Count * Items * (Items + 1) div 2
    end);
%% A teller, 1,000 accounts, each transaction a debit that asks for a credit: transactions per second.
work(banking, Size) ->
    Count = 1000,
    Accounts = list_to_tuple([spawn_link(fun() -> account(0) end) || _ <- lists:seq(1, Count)]),
    Self = self(),
    Figure = per_second(Size, fun() ->
        transfers(Accounts, Count, Self, Size),
        [receive transferred -> ok end || _ <- lists:seq(1, Size)]
    end),
    Sum = lists:sum([begin A ! {balance, Self}, receive {balance, B} -> B end end || A <- tuple_to_list(Accounts)]),
    0 = Sum,
    Figure;
%% 20 philosophers and an arbitrator: meals per second.
work(philosophers, Size) ->
    Self = self(),
    Count = 20,
    Meals = Size div Count,
    Arbitrator = spawn_link(fun() -> arbitrator(list_to_tuple(lists:duplicate(Count, free)), Count, Self) end),
    per_second(Meals * Count, fun() ->
        [spawn_link(fun() -> philosopher(Arbitrator, I, Meals) end) || I <- lists:seq(1, Count)],
        receive all_ate -> ok end
    end).

tell(_, 0) -> ok;
tell(Counter, N) -> Counter ! {add, 1}, tell(Counter, N - 1).

counter(Total) ->
    receive
        {add, By} -> counter(Total + By);
        {total, From} -> From ! {total, Total}, counter(Total)
    end.

player(Main) ->
    receive
        {ball, 0, _} -> Main ! done, player(Main);
        {ball, N, Other} -> Other ! {ball, N - 1, self()}, player(Main);
        stop -> ok
    end.

echo() ->
    receive {ask, From, Value} -> From ! {answer, Value}, echo() end.

asks(_, 0) -> ok;
asks(Echo, N) ->
    Echo ! {ask, self(), N},
    receive {answer, N} -> asks(Echo, N - 1) end.

ring(Next, Main) ->
    receive
        {token, 0} -> Main ! done, ring(Next, Main);
        {token, N} -> Next ! {token, N - 1}, ring(Next, Main)
    end.

big_wait(Main, Pings) ->
    receive {go, Table} -> big_ping(Main, Table, Pings) end.

big_ping(Main, Table, 0) -> Main ! big_done, big_serve(Main, Table, 0);
big_ping(Main, Table, Left) ->
    element(rand:uniform(tuple_size(Table)), Table) ! {ping, self()},
    big_serve(Main, Table, Left).

big_serve(Main, Table, Left) ->
    receive
        {ping, From} -> From ! pong, big_serve(Main, Table, Left);
        pong -> big_ping(Main, Table, Left - 1);
        stop -> ok
    end.

buffer(Items, Count, Producers, Consumers) ->
    receive
        {produced, Item} ->
            case queue:out(Consumers) of
                {{value, Consumer}, Rest} -> Consumer ! {item, Item}, buffer(Items, Count, Producers, Rest);
                {empty, _} -> buffer(queue:in(Item, Items), Count, Producers, Consumers)
            end;
        {room, Producer} when Count < 50 ->
            Producer ! go, buffer(Items, Count + 1, Producers, Consumers);
        {room, Producer} ->
            buffer(Items, Count, queue:in(Producer, Producers), Consumers);
        {want, Consumer} ->
            {Items2, Consumers2} = case queue:out(Items) of
                {{value, Item}, Left} -> Consumer ! {item, Item}, {Left, Consumers};
                {empty, _} -> {Items, queue:in(Consumer, Consumers)}
            end,
            buffer(Items2, Count, Producers, Consumers2);
        taken ->
            case queue:out(Producers) of
                {{value, Producer}, Rest} -> Producer ! go, buffer(Items, Count, Rest, Consumers);
                {empty, _} -> buffer(Items, Count - 1, Producers, Consumers)
            end
    end.

produce(_, 0) -> ok;
produce(Buffer, N) ->
    Buffer ! {room, self()},
    receive go -> ok end,
    Buffer ! {produced, N},
    produce(Buffer, N - 1).

consume(Buffer, Main, N) -> consume(Buffer, Main, N, 0).
consume(_, Main, 0, Sum) -> Main ! {consumed, Sum};
consume(Buffer, Main, N, Sum) ->
    Buffer ! {want, self()},
    receive {item, Item} -> Buffer ! taken, consume(Buffer, Main, N - 1, Sum + Item) end.

account(Balance) ->
    receive
        {debit, Amount, To, Main} -> To ! {credit, Amount, self()}, account_wait(Balance - Amount, Main);
        {credit, Amount, From} -> From ! credited, account(Balance + Amount);
        {balance, From} -> From ! {balance, Balance}, account(Balance)
    end.

%% Until the other account has answered only credits are taken, or two accounts would wait for each other.
account_wait(Balance, Main) ->
    receive
        credited -> Main ! transferred, account(Balance);
        {credit, Amount, From} -> From ! credited, account_wait(Balance + Amount, Main)
    end.

transfers(_, _, _, 0) -> ok;
transfers(Accounts, Count, Main, N) ->
    From = rand:uniform(Count),
    To = (From + rand:uniform(Count - 1) - 1) rem Count + 1,
    element(From, Accounts) ! {debit, 10, element(To, Accounts), Main},
    transfers(Accounts, Count, Main, N - 1).

arbitrator(Forks, Left, Main) ->
    receive
        {hungry, I, Pid} ->
            Right = I rem tuple_size(Forks) + 1,
            case {element(I, Forks), element(Right, Forks)} of
                {free, free} ->
                    Pid ! eat,
                    arbitrator(setelement(Right, setelement(I, Forks, used), used), Left, Main);
                _ -> Pid ! denied, arbitrator(Forks, Left, Main)
            end;
        {done, I} ->
            Right = I rem tuple_size(Forks) + 1,
            arbitrator(setelement(Right, setelement(I, Forks, free), free), Left, Main);
        full when Left =:= 1 -> Main ! all_ate;
        full -> arbitrator(Forks, Left - 1, Main)
    end.

philosopher(Arbitrator, _, 0) -> Arbitrator ! full;
philosopher(Arbitrator, I, Meals) ->
    Arbitrator ! {hungry, I, self()},
    receive
        eat -> Arbitrator ! {done, I}, philosopher(Arbitrator, I, Meals - 1);
        denied -> philosopher(Arbitrator, I, Meals)
    end.
