from lab import *
import lab
from mr_kmeans.algorithm.starts.plusplus import draw_rows, scaled_to, chance_bits, n_trials
from mr_kmeans.exact.hashing import Draws
def more_rows(P,C,m,draws):
    """m rows by greedy D2 given C"""
    a=Assigner(C,P.grids,P.weights); l,_=a.assign(P.integers); near=a.distances(P.integers,l)
    rows=P.rows; bits=chance_bits(rows.multiplicities); out=[]
    for _ in range(m):
        if not near.any(): break
        ti=scaled_to(bits,float(near.max())); sc=ti(near)
        tr=draw_rows(sc*rows.multiplicities,n_trials(P.k),draws)
        bg=0
        for t,r in zip(tr,rows._screen.nearer(tr,near)):
            dd=rows._distances(r,t); nn=dd<near[r]; r,dd=r[nn],dd[nn]
            g=int(np.dot(sc[r]-ti(dd),rows.multiplicities[r]))
            if g>bg: bg,b=g,(t,r,dd)
        t,r,dd=b; out.append(t); near[r]=dd
    return np.column_stack([c[out] for c in rows.x])
def it_k(P,C,n):
    Q=P._replace(k=len(C)); return S.iterate(Q,C,n)
def breathe(P,sol,m,draws,itin=3,itout=10):
    extra=more_rows(P,sol.centroids,m,draws)
    big=it_k(P,np.vstack([sol.centroids,extra]),itin)
    C=merged(big.centroids,sizes(P,big.centroids),P.k,P.weights)
    return S.iterate(P,C,itout)
def breathing(P,sol,m0=5,itin=3,itout=10,tries=2,stream=0):
    m=min(m0,P.k); n=0; fails=0
    while m>0:
        n+=1
        new=breathe(P,sol,m,Draws(P.seed,stream,n,2**33),itin,itout)
        if new.score<sol.score: sol=new; fails=0
        else:
            fails+=1
            if fails>=tries: m-=1; fails=0
    return sol,n
def genb(P,n=8,it=10,G=5,keep=5,it2=10,m0=5,tries=1,itin=3,itout=10):
    s,T=gens(P,n,it,G,keep,it2)
    if sum(T)<=3: return s,T
    s,n=breathing(P,s,m0,itin,itout,tries)
    return (S.iterate(P,s.centroids,100) if not s.converged else s),[T[0],T[1]+n]
def onlyb(P,n=1,m0=5,tries=1,itin=3,itout=10):
    best=None;t=0
    for r in range(n):
        s,q=breathing(P,restart(P,r,10),m0,itin,itout,tries,stream=r); t+=q
        if best is None or s.score<best.score: best=s
    return (S.iterate(P,best.centroids,100) if not best.converged else best),[n,t]
def popb(P,n=4,m0=5,tries=1,G=5,keep=5):
    """restarts breathed, then generations"""
    pool=[];T=[0,0]
    for r in range(n):
        s=restart(P,r,10); T[0]+=1
        if r>=2 and len({p.score for p in pool+[s]})==1 and s.converged: return s,T
        pool.append(s)
    b=[]
    for r,s in enumerate(pool):
        s,q=breathing(P,s,m0,3,10,tries,stream=r); T[1]+=q; b.append(s)
    pool=sorted(b,key=S._score)
    for g in range(G):
        seen={}; [seen.setdefault(p.score,p) for p in pool]; pool=list(seen.values())
        if len(pool)==1: break
        top=[(p,sizes(P,p.centroids)) for p in pool[:keep]]
        kids=[cross(P,top[i],top[j],10) for i in range(len(top)) for j in range(i)]; T[1]+=len(kids)
        new=sorted(pool[:1]+kids,key=S._score)
        if new[0].score==pool[0].score and g: pool=new; break
        pool=new
    return (S.iterate(P,pool[0].centroids,100) if not pool[0].converged else pool[0]),T
lab.__dict__.update({k:v for k,v in globals().items() if not k.startswith('_')})
if __name__=='__main__':
    src=open('/tmp/labdata/lab.py').read(); exec(src[src.index("if __name__"):])
