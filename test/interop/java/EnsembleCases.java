package interop;

import static interop.ClientCases.bytes;
import static interop.Stage.eventually;
import static interop.Stage.same;
import static interop.Stage.that;
import static java.nio.charset.StandardCharsets.UTF_8;

import interop.WatchCases.Ear;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;

/** What clients see of an ensemble: several members, and one of them that leads until it does not. */
final class EnsembleCases {
  /** Requests of one case that the death of a leader falls among. */
  private static final int CREATES = 400;

  static void addTo(Cases cases) {
    places(cases);
    moves(cases);
    leaders(cases);
    membership(cases);
  }

  /** A client that tells which member it is connected to. */
  private static final class Placed extends ZooKeeper {
    Placed(String address) throws Exception {
      super(address, Stage.SESSION_MS, event -> {});
    }

    String place() {
      InetSocketAddress at = (InetSocketAddress) testableRemoteSocketAddress();
      return at == null ? "nowhere" : at.getAddress().getHostAddress() + ":" + at.getPort();
    }
  }

  private static Placed placed(Stage stage) throws Exception {
    Placed zk = stage.closing(new Placed(stage.address + stage.root));
    eventually("it is connected", () -> zk.getState().isConnected());
    return zk;
  }

  private static ZooKeeper at(Stage stage, String place) throws Exception {
    return stage.closing(Stage.connected(place + stage.root, Stage.SESSION_MS));
  }

  /** Has the member at which the client is see all that has been done anywhere. */
  private static void sync(ZooKeeper zk) throws Exception {
    CompletableFuture<Integer> synced = new CompletableFuture<>();
    zk.sync("/", (code, path, context) -> synced.complete(code), null);
    same(0, synced.get(20, TimeUnit.SECONDS));
  }

  private static void create(ZooKeeper zk, String path, CreateMode mode) throws Exception {
    zk.create(path, null, Ids.OPEN_ACL_UNSAFE, mode);
  }

  private static void places(Cases cases) {
    cases.add("ensemble: after a sync each member shows what was done at any other", stage -> {
      for (String one : stage.places()) {
        ZooKeeper writer = at(stage, one);
        for (String other : stage.places()) {
          ZooKeeper reader = at(stage, other);
          String path = "/" + (one + "-" + other).replaceAll("\\D", "");
          create(writer, path, CreateMode.PERSISTENT);
          sync(reader);
          that(other + " shows what was done at " + one, reader.exists(path, false) != null);
        }
      }
    });
    cases.add("ensemble: a watch at one member tells of what is done at another", stage -> {
      ZooKeeper here = at(stage, stage.places().get(0));
      ZooKeeper there = at(stage, stage.places().get(1));
      Ear once = new Ear();
      Ear lasting = new Ear();
      here.exists("/a", once);
      here.addWatch("/", lasting, AddWatchMode.PERSISTENT_RECURSIVE);
      create(there, "/a", CreateMode.PERSISTENT);
      there.setData("/a", bytes("x"), 0);
      there.delete("/a", 1);
      once.hears("NodeCreated /a");
      lasting.hears("NodeCreated /a", "NodeDataChanged /a", "NodeDeleted /a");
    });
    cases.add("ensemble: a lock is had by one at a time, whichever members they are at", stage -> {
      AtomicInteger inside = new AtomicInteger();
      AtomicInteger had = new AtomicInteger();
      List<CompletableFuture<Void>> all = stage.places().stream().map(place -> CompletableFuture.runAsync(() -> {
        try {
          InterProcessMutex lock = new InterProcessMutex(stage.curatorAt(place, Stage.SESSION_MS), "/lock");
          for (int i = 0; i < 10; i += 1) {
            lock.acquire();
            same(1, inside.incrementAndGet());
            Thread.sleep(2);
            inside.decrementAndGet();
            had.incrementAndGet();
            lock.release();
          }
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
      })).toList();
      for (CompletableFuture<Void> one : all) one.get(40, TimeUnit.SECONDS);
      same(10 * stage.places().size(), had.get());
    });
  }

  private static void moves(Cases cases) {
    cases.add("ensemble: a client whose member is killed goes on at another, with all that it had", stage -> {
      Placed zk = placed(stage);
      long id = zk.getSessionId();
      create(zk, "/e", CreateMode.EPHEMERAL);
      Ear ear = new Ear();
      zk.getData("/e", ear, null);
      String first = zk.place();
      stage.member("kill", first);
      eventually("it is answered", () -> zk.exists("/e", false) != null);
      that("it is elsewhere", !zk.place().equals(first));
      same(id, zk.getSessionId());
      same(id, zk.exists("/e", false).getEphemeralOwner());
      eventually("it may write", () -> zk.setData("/e", bytes("x"), -1) != null);
      eventually("its watch tells so", () -> ear.heard.contains("NodeDataChanged /e"));
      stage.member("start", first);
    });
    cases.add("ensemble: a session that was cut off at one member is come back to at another", stage -> {
      Relay relay = stage.closing(new Relay(stage.places().get(0)));
      ZooKeeper first = stage.closing(Stage.connected(relay.address() + stage.root, Stage.SESSION_MS));
      create(first, "/e", CreateMode.EPHEMERAL);
      relay.cut();
      ZooKeeper second = stage.closing(new ZooKeeper(stage.places().get(1) + stage.root, Stage.SESSION_MS,
          event -> {}, first.getSessionId(), first.getSessionPasswd()));
      eventually("it is connected", () -> second.getState().isConnected());
      same(first.getSessionId(), second.getSessionId());
      sync(second);
      same(first.getSessionId(), second.exists("/e", false).getEphemeralOwner());
      second.close();
      ZooKeeper zk = at(stage, stage.places().get(2));
      sync(zk);
      same(null, zk.exists("/e", false));
      relay.restore();
      eventually("the first hears that it is over", () -> !first.getState().isAlive());
    });
  }

  private static void leaders(Cases cases) {
    cases.add("ensemble: what was answered is there after the leader was killed", stage -> {
      ZooKeeper zk = stage.client();
      Collection<String> answered = new ConcurrentSkipListSet<>();
      AtomicInteger ended = new AtomicInteger();
      for (int i = 0; i < CREATES; i += 1) {
        zk.create("/n-" + i, null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, (code, path, context, name) -> {
          if (code == Code.OK.intValue()) answered.add(path.substring(1));
          ended.incrementAndGet();
        }, null);
        if (i == CREATES / 2) {
          eventually("some are answered", () -> !answered.isEmpty());
          stage.server("kill");
        }
      }
      eventually("each has an end", () -> ended.get() == CREATES);
      ZooKeeper other = stage.client();
      sync(other);
      Collection<String> there = other.getChildren("/", false);
      that("nothing is lost of " + answered.size(), there.containsAll(answered));
      stage.server("start");
    });
    cases.add("ensemble: a lock is had by one at a time while leaders are killed", stage -> {
      AtomicInteger inside = new AtomicInteger();
      Collection<String> wrong = Collections.synchronizedCollection(new ConcurrentSkipListSet<>());
      List<CompletableFuture<Integer>> all = List.of(1, 2, 3).stream().map(n -> CompletableFuture.supplyAsync(() -> {
        int had = 0;
        try {
          InterProcessMutex lock = new InterProcessMutex(stage.curator(), "/lock");
          while (had < 5) {
            if (!lock.acquire(20, TimeUnit.SECONDS)) continue;
            if (inside.incrementAndGet() != 1) wrong.add("two were inside at once");
            Thread.sleep(50);
            inside.decrementAndGet();
            had += 1;
            released(lock);
          }
        } catch (Exception e) {
          wrong.add(e.toString());
        }
        return had;
      })).toList();
      stage.server("kill");
      stage.server("start");
      stage.server("kill");
      stage.server("start");
      for (CompletableFuture<Integer> one : all) same(5, one.get(40, TimeUnit.SECONDS));
      same(List.of(), List.copyOf(wrong));
    });
    cases.add("ensemble: a leader that is paused is replaced, and follows when it goes on", stage -> {
      CuratorFramework curator = stage.curator();
      LeaderLatch latch = stage.closing(new LeaderLatch(curator, "/latch", "one"));
      latch.start();
      eventually("it leads", latch::hasLeadership);
      stage.server("pause");
      eventually("a write is answered", () -> curator.create().orSetData().forPath("/after", bytes("x")) != null);
      eventually("it leads on", latch::hasLeadership);
      stage.server("resume");
      for (String place : stage.places()) {
        ZooKeeper zk = at(stage, place);
        sync(zk);
        same("x", new String(zk.getData("/after", false, null), UTF_8));
      }
    });
  }

  private static void membership(Cases cases) {
    cases.add("ensemble: Curator reads who belongs to it, and follows what is changed", stage -> {
      CuratorFramework curator = stage.started(CuratorFrameworkFactory.builder()
          .connectString(stage.address)
          .authorization("digest", bytes("super:test"))
          .retryPolicy(new ExponentialBackoffRetry(50, 20, 500)));
      String before = new String(curator.getConfig().forEnsemble(), UTF_8);
      for (String place : stage.places()) that(place + " is in " + before, before.contains(";" + place));
      eventually("it has read them", () -> curator.getCurrentConfig().getAllMembers().size() == stage.places().size());
      String joining = "server.9=127.0.0.1:1:2:observer;127.0.0.1:3";
      String with = new String(curator.reconfig().joining(joining).forEnsemble(), UTF_8);
      that("it is in " + with, with.contains(joining));
      eventually("it follows", () -> curator.getCurrentConfig().getAllMembers().containsKey(9L));
      String without = new String(curator.reconfig().leaving("9").forEnsemble(), UTF_8);
      that("it is not in " + without, !without.contains("server.9"));
      eventually("it follows again", () -> !curator.getCurrentConfig().getAllMembers().containsKey(9L));
    });
  }

  /** A release whose answer is lost is done by Curator in the background, or has been done. */
  private static void released(InterProcessMutex lock) throws Exception {
    try {
      lock.release();
    } catch (KeeperException.ConnectionLossException | KeeperException.NoNodeException e) {
      return;
    }
  }
}
