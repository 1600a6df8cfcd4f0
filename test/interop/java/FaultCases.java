package interop;

import static interop.ClientCases.bytes;
import static interop.Stage.eventually;
import static interop.Stage.same;
import static interop.Stage.that;
import static java.nio.charset.StandardCharsets.UTF_8;

import interop.WatchCases.Ear;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryForever;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;

/**
 * What clients live through when the server is killed, stopped or paused, and comes back on the same data; in an
 * ensemble, the leader.
 */
final class FaultCases {
  /** What a session asks for that must outlast every restart, however slow the machine is, milliseconds. */
  private static final int LASTING_MS = 60_000;

  static void addTo(Cases cases) {
    killed(cases);
    recipes(cases);
    slow(cases);
  }

  /**
   * The server, named four times: the clients leave each of those named a share of the session to answer in, and Apache
   * ZooKeeper now and then never reads what it accepted while it started.
   */
  private static String places(Stage stage) {
    return String.join(",", Collections.nCopies(4, stage.address));
  }

  private static ZooKeeper client(Stage stage) throws Exception {
    return stage.closing(Stage.connected(places(stage) + stage.root, LASTING_MS));
  }

  private static CuratorFramework curator(Stage stage) throws Exception {
    return stage.curatorAt(places(stage), LASTING_MS);
  }

  private static void restarted(Stage stage) throws Exception {
    stage.server("kill");
    stage.server("start");
  }

  private static void killed(Cases cases) {
    cases.add("a killed server: sessions and their ephemerals survive", stage -> {
      CuratorFramework curator = curator(stage);
      List<ConnectionState> states = new CopyOnWriteArrayList<>();
      curator.getConnectionStateListenable().addListener((client, state) -> states.add(state));
      curator.create().withMode(CreateMode.EPHEMERAL).forPath("/e", bytes("x"));
      long id = curator.getZookeeperClient().getZooKeeper().getSessionId();
      restarted(stage);
      eventually("it is reconnected", () -> states.contains(ConnectionState.RECONNECTED));
      same(id, curator.getZookeeperClient().getZooKeeper().getSessionId());
      same(id, curator.checkExists().forPath("/e").getEphemeralOwner());
      that("nothing was lost: " + states, !states.contains(ConnectionState.LOST));
    });
    cases.add("a killed server: data, versions, ACLs and sequence numbers survive", stage -> {
      CuratorFramework curator = curator(stage);
      curator.create().forPath("/a", bytes("one"));
      curator.setData().forPath("/a", bytes("two"));
      curator.create().withMode(CreateMode.PERSISTENT_SEQUENTIAL).forPath("/a/s-");
      curator.create().withACL(Ids.READ_ACL_UNSAFE).forPath("/r");
      long written = curator.checkExists().forPath("/a").getMzxid();
      restarted(stage);
      same("two", new String(curator.getData().forPath("/a"), UTF_8));
      same(written, curator.checkExists().forPath("/a").getMzxid());
      same(Ids.READ_ACL_UNSAFE, curator.getACL().forPath("/r"));
      same("/a/s-0000000001", curator.create().withMode(CreateMode.PERSISTENT_SEQUENTIAL).forPath("/a/s-"));
    });
    cases.add("a killed server: watches of every kind stand again", stage -> {
      ZooKeeper zk = client(stage);
      zk.create("/a", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      Ear once = new Ear();
      Ear lasting = new Ear();
      zk.getData("/a", once, null);
      zk.addWatch("/", lasting, AddWatchMode.PERSISTENT_RECURSIVE);
      restarted(stage);
      eventually("it is connected", () -> zk.exists("/", false) != null);
      zk.setData("/a", bytes("x"), -1);
      zk.create("/b", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      once.hears("NodeDataChanged /a");
      lasting.hears("NodeDataChanged /a", "NodeCreated /b");
    });
    cases.add("a stopped server: what was ephemeral of a closed session is gone, the rest is there", stage -> {
      ZooKeeper zk = client(stage);
      ZooKeeper other = client(stage);
      other.create("/e", null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
      zk.create("/p", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      other.close();
      stage.server("stop");
      stage.server("start");
      eventually("it is connected", () -> zk.exists("/p", false) != null);
      same(null, zk.exists("/e", false));
    });
    cases.add("a killed server: a session that does not come back expires", stage -> {
      Relay relay = stage.closing(new Relay(stage.places().get(0)));
      ZooKeeper silent = stage.closing(Stage.connected(relay.address() + stage.root, 3_000));
      silent.create("/e", null, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
      relay.cut();
      restarted(stage);
      ZooKeeper zk = client(stage);
      eventually("its ephemeral is gone", () -> zk.exists("/e", false) == null);
    });
  }

  private static void recipes(Cases cases) {
    cases.add("a killed server: a leader leads on, one of two", stage -> {
      LeaderLatch first = stage.closing(new LeaderLatch(curator(stage), "/latch", "first"));
      LeaderLatch second = stage.closing(new LeaderLatch(curator(stage), "/latch", "second"));
      first.start();
      second.start();
      eventually("both take part", () -> first.getParticipants().size() == 2);
      restarted(stage);
      eventually("one leads", () -> first.hasLeadership() != second.hasLeadership());
      same(2, second.getParticipants().size());
    });
    cases.add("a killed server: a lock is held on, and had by the next after", stage -> {
      InterProcessMutex held = new InterProcessMutex(curator(stage), "/lock");
      InterProcessMutex next = new InterProcessMutex(curator(stage), "/lock");
      held.acquire();
      CompletableFuture<Boolean> had = CompletableFuture.supplyAsync(() -> {
        try {
          return next.acquire(30, TimeUnit.SECONDS);
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
      });
      eventually("both wait for it", () -> held.getParticipantNodes().size() == 2);
      restarted(stage);
      that("it is held", !had.isDone());
      eventually("it is released", () -> {
        held.release();
        return true;
      });
      that("the next has it", had.get(40, TimeUnit.SECONDS));
    });
    cases.add("a killed server: caches follow on", stage -> {
      CuratorFramework curator = curator(stage);
      curator.create().forPath("/c");
      CuratorCache cache = stage.closing(CuratorCache.build(curator(stage), "/c"));
      cache.start();
      eventually("it is filled", () -> cache.size() == 1);
      restarted(stage);
      curator.create().forPath("/c/new");
      eventually("it has the new one", () -> cache.get("/c/new").isPresent());
    });
  }

  private static void slow(Cases cases) {
    cases.add("a paused server: writes wait, and the session goes on", stage -> {
      ZooKeeper zk = client(stage);
      long id = zk.getSessionId();
      stage.server("pause");
      CompletableFuture<Integer> answered = new CompletableFuture<>();
      zk.setData("/", null, -1, (code, path, context, stat) -> answered.complete(code), null);
      Thread.sleep(500);
      that("nothing is answered", !answered.isDone());
      stage.server("resume");
      same(0, answered.get(20, TimeUnit.SECONDS));
      same(id, zk.getSessionId());
    });
    cases.add("a server that is down: requests of Curator wait for it", stage -> {
      // Not given up as long as the server may take to come back.
      CuratorFramework curator = stage.curatorAt(places(stage), LASTING_MS, new RetryForever(200));
      stage.server("kill");
      CompletableFuture<String> created = new CompletableFuture<>();
      curator.create().inBackground((client, event) -> created.complete(event.getPath())).forPath("/late");
      stage.server("start");
      same("/late", created.get(90, TimeUnit.SECONDS));
      eventually("it is there", () -> curator.checkExists().forPath("/late") != null);
    });
  }
}
