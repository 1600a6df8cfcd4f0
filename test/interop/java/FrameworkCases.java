package interop;

import static interop.ClientCases.bytes;
import static interop.Stage.eventually;
import static interop.Stage.fails;
import static interop.Stage.same;
import static interop.Stage.that;
import static java.nio.charset.StandardCharsets.UTF_8;

import interop.WatchCases.Ear;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.CuratorEvent;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.curator.framework.api.transaction.CuratorTransactionResult;
import org.apache.curator.framework.api.transaction.OperationType;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.data.Stat;

/** Curator's framework: what its recipes stand on. */
final class FrameworkCases {
  static void addTo(Cases cases) {
    creating(cases);
    changing(cases);
    transactions(cases);
    watching(cases);
  }

  private static CuratorFrameworkFactory.Builder builder(Stage stage) {
    return CuratorFrameworkFactory.builder()
        .connectString(stage.address + stage.root)
        .sessionTimeoutMs(Stage.SESSION_MS)
        .retryPolicy(new RetryOneTime(100));
  }

  private static void creating(Cases cases) {
    cases.add("framework: parents are created as needed, as containers if one likes", stage -> {
      CuratorFramework curator = stage.curator();
      curator.create().creatingParentsIfNeeded().forPath("/a/b/c", bytes("x"));
      curator.create().creatingParentContainersIfNeeded().forPath("/box/thing");
      curator.delete().forPath("/box/thing");
      eventually("the container is gone", () -> curator.checkExists().forPath("/box") == null);
      that("the other parent is not", curator.checkExists().forPath("/a/b") != null);
    });
    cases.add("framework: a protected create finds its znode by its name", stage -> {
      CuratorFramework curator = stage.curator();
      String path = curator.create().withProtection().withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath("/p-");
      that("the name is protected: " + path, path.matches("/_c_[-0-9a-f]{36}-p-0000000000"));
    });
    cases.add("framework: create or set, whichever is possible", stage -> {
      CuratorFramework curator = stage.curator();
      Stat stat = new Stat();
      curator.create().orSetData().forPath("/a", bytes("one"));
      curator.create().orSetData().forPath("/a", bytes("two"));
      same("two", new String(curator.getData().storingStatIn(stat).forPath("/a"), UTF_8));
      same(1, stat.getVersion());
    });
    cases.add("framework: idempotent create, set and delete", stage -> {
      CuratorFramework curator = stage.curator();
      curator.create().idempotent().forPath("/a", bytes("one"));
      curator.create().idempotent().forPath("/a", bytes("one"));
      curator.setData().idempotent().withVersion(0).forPath("/a", bytes("two"));
      curator.setData().idempotent().withVersion(0).forPath("/a", bytes("two"));
      curator.delete().idempotent().forPath("/a");
      curator.delete().idempotent().forPath("/a");
      same(null, curator.checkExists().forPath("/a"));
    });
    cases.add("framework: a znode with a time to live", stage -> {
      CuratorFramework curator = stage.curator();
      curator.create().withTtl(300).withMode(CreateMode.PERSISTENT_WITH_TTL).forPath("/brief");
      eventually("it is gone", () -> curator.checkExists().forPath("/brief") == null);
    });
    cases.add("framework: a namespace is a root", stage -> {
      CuratorFramework curator = stage.curator();
      curator.usingNamespace("space").create().forPath("/a");
      that("it is there", curator.checkExists().forPath("/space/a") != null);
    });
    cases.add("framework: credentials given at the start are used", stage -> {
      CuratorFramework owner = stage.started(builder(stage).authorization("digest", bytes("ann:pw")));
      owner.create().withACL(Ids.CREATOR_ALL_ACL).forPath("/own", bytes("x"));
      CuratorFramework other = stage.curator();
      fails(Code.NOAUTH, () -> other.getData().forPath("/own"));
      same("x", new String(owner.getData().forPath("/own"), UTF_8));
      same(1, owner.setACL().withVersion(0).withACL(Ids.OPEN_ACL_UNSAFE).forPath("/own").getAversion());
      same("x", new String(other.getData().forPath("/own"), UTF_8));
    });
  }

  private static void changing(Cases cases) {
    cases.add("framework: compressed data comes back as it was", stage -> {
      CuratorFramework curator = stage.curator();
      byte[] data = bytes("again and ".repeat(1_000));
      curator.create().compressed().forPath("/a", data);
      that("it is short", curator.checkExists().forPath("/a").getDataLength() < 200);
      same(data.length, curator.getData().decompressed().forPath("/a").length);
    });
    cases.add("framework: deleting with children, guaranteed and quietly", stage -> {
      CuratorFramework curator = stage.curator();
      curator.create().creatingParentsIfNeeded().forPath("/a/b/c");
      fails(Code.NOTEMPTY, () -> curator.delete().forPath("/a"));
      curator.delete().guaranteed().deletingChildrenIfNeeded().forPath("/a");
      curator.delete().quietly().forPath("/a");
      same(List.of(), curator.getChildren().forPath("/"));
    });
    cases.add("framework: work in the background is called back", stage -> {
      CuratorFramework curator = stage.curator();
      CompletableFuture<CuratorEvent> created = new CompletableFuture<>();
      curator.create().inBackground((client, event) -> created.complete(event), "context").forPath("/a", bytes("x"));
      same("context", created.get(20, TimeUnit.SECONDS).getContext());
      CompletableFuture<CuratorEvent> read = new CompletableFuture<>();
      curator.getData().inBackground((client, event) -> read.complete(event)).forPath("/a");
      same("x", new String(read.get(20, TimeUnit.SECONDS).getData(), UTF_8));
      CompletableFuture<CuratorEvent> refused = new CompletableFuture<>();
      curator.delete().inBackground((client, event) -> refused.complete(event)).forPath("/none");
      same(Code.NONODE.intValue(), refused.get(20, TimeUnit.SECONDS).getResultCode());
    });
    cases.add("framework: sync, and the configuration of the ensemble", stage -> {
      CuratorFramework curator = stage.curator();
      CompletableFuture<CuratorEvent> synced = new CompletableFuture<>();
      curator.sync().inBackground((client, event) -> synced.complete(event)).forPath("/");
      same(0, synced.get(20, TimeUnit.SECONDS).getResultCode());
      that("it is there", curator.getConfig().forEnsemble() != null);
    });
  }

  private static void transactions(Cases cases) {
    cases.add("transaction: all of it, with an answer to each part", stage -> {
      CuratorFramework curator = stage.curator();
      CuratorOp parent = curator.transactionOp().create().forPath("/a", bytes("x"));
      CuratorOp child = curator.transactionOp().create().withMode(CreateMode.EPHEMERAL_SEQUENTIAL).forPath("/a/s-");
      CuratorOp change = curator.transactionOp().setData().withVersion(0).forPath("/a", bytes("y"));
      CuratorOp checked = curator.transactionOp().check().withVersion(1).forPath("/a");
      List<CuratorTransactionResult> results = curator.transaction().forOperations(parent, child, change, checked);
      same(OperationType.CREATE, results.get(0).getType());
      that("its name is told", results.get(1).getResultPath().endsWith("/a/s-0000000000"));
      same(1, results.get(2).getResultStat().getVersion());
    });
    cases.add("transaction: nothing of it when a check fails", stage -> {
      CuratorFramework curator = stage.curator();
      curator.create().forPath("/a");
      CuratorOp checked = curator.transactionOp().check().withVersion(7).forPath("/a");
      CuratorOp created = curator.transactionOp().create().forPath("/b");
      fails(Code.BADVERSION, () -> curator.transaction().forOperations(created, checked));
      same(null, curator.checkExists().forPath("/b"));
    });
    cases.add("transaction: in the background", stage -> {
      CuratorFramework curator = stage.curator();
      CompletableFuture<CuratorEvent> done = new CompletableFuture<>();
      curator.transaction()
          .inBackground((client, event) -> done.complete(event))
          .forOperations(curator.transactionOp().create().forPath("/a"), curator.transactionOp().delete().forPath("/a"));
      same(2, done.get(20, TimeUnit.SECONDS).getOpResults().size());
    });
  }

  private static void watching(Cases cases) {
    cases.add("framework: watchers are added and removed", stage -> {
      CuratorFramework curator = stage.curator();
      Ear ear = new Ear();
      curator.watchers().add().withMode(AddWatchMode.PERSISTENT_RECURSIVE).usingWatcher(ear).forPath("/w");
      curator.create().forPath("/w");
      curator.create().forPath("/w/x");
      ear.hears("NodeCreated /w", "NodeCreated /w/x");
      curator.watchers().remove(ear).forPath("/w");
      curator.setData().forPath("/w/x", bytes("x"));
      curator.sync().forPath("/w");
      same(2, (int) ear.heard.stream().filter(event -> event.startsWith("NodeCreated")).count());
    });
    cases.add("framework: reads arm watches", stage -> {
      CuratorFramework curator = stage.curator();
      curator.create().forPath("/a", bytes("x"));
      Ear ear = new Ear();
      curator.getData().usingWatcher(ear).forPath("/a");
      curator.setData().forPath("/a", bytes("y"));
      ear.hears("NodeDataChanged /a");
    });
  }
}
